import { cloudYaml } from './cloud-yaml.js';
import { nicName, shortName, type GuestNic } from './guest-nic.js';

export interface NetworkConfigOptions {
  /** Put a bridge on each interface, which has its addresses then: virtual machines are attached to it. */
  readonly bridges: boolean;
}

interface Device extends Addressing {
  readonly match?: { readonly macaddress: string };
  readonly 'set-name'?: string;
  readonly macaddress?: string;
  readonly id?: number;
  readonly link?: string;
  readonly interfaces?: readonly string[];
  readonly parameters?: object;
}

interface Addressing {
  readonly dhcp4?: boolean;
  readonly addresses?: readonly string[];
  readonly routes?: readonly { readonly to: string; readonly via: string }[];
  readonly nameservers?: { readonly addresses: readonly string[] };
}

/**
 * The `network-config` of a seed, version 2 (cloud-init, "Networking config Version 2"). Interfaces are known by their MAC
 * addresses where these are known. Renderers other than netplan take the key of an interface for its name, so the key is the name, and
 * `set-name` makes it so.
 *
 * Routes are written with `routes`, since `gateway4` is deprecated, and to `0.0.0.0/0` and `::/0`, since older netplans do not know
 * `default`.
 *
 * @returns an empty text when there is no interface: the guest then does what it does by itself
 */
export function networkConfig(nics: readonly GuestNic[], { bridges: hasBridges }: NetworkConfigOptions): string {
  if (nics.length === 0) return '';
  const ethernets: Record<string, Device> = {};
  const vlans: Record<string, Device> = {};
  const bridges: Record<string, Device> = {};
  for (const [index, nic] of nics.entries()) {
    const name = nicName(nic, index);
    const mac = nic.mac?.toLowerCase();
    const known = mac === undefined ? {} : { match: { macaddress: mac }, 'set-name': name };
    const layers: { readonly kind: Record<string, Device>; readonly name: string; readonly device: Device }[] = [];
    layers.push({ kind: ethernets, name, device: known });
    if (nic.vlan !== undefined) {
      const device = { id: nic.vlan, link: name };
      layers.push({ kind: vlans, name: shortName(`${name}.${nic.vlan}`, `vlan${index}`), device });
    }
    if (hasBridges) {
      const lower = layers.at(-1)?.name ?? name;
      // A bridge is given a made-up address otherwise, by which neither DHCP servers nor an OSA adapter know it.
      const device = { interfaces: [lower], ...(mac === undefined ? {} : { macaddress: mac }), ...WITHOUT_STP };
      layers.push({ kind: bridges, name: shortName(`br-${lower}`, `br${index}`), device });
    }
    for (const [height, { kind, name: key, device }] of layers.entries()) {
      kind[key] = height === layers.length - 1 ? { ...device, ...addressing(nic) } : { ...device, dhcp4: false };
    }
  }
  return cloudYaml({
    version: 2,
    ethernets,
    ...(Object.keys(vlans).length === 0 ? {} : { vlans }),
    ...(Object.keys(bridges).length === 0 ? {} : { bridges }),
  });
}

/** There is one way out, so no loop; waiting for one would keep DHCP from its answer for half a minute. */
const WITHOUT_STP = { parameters: { stp: false, 'forward-delay': 0 } };

function addressing({ addresses = [] }: GuestNic): Addressing {
  if (addresses.length === 0) return { dhcp4: true };
  const gateways = distinct(addresses.flatMap(({ gateway }) => gateway ?? []));
  const nameservers = distinct(addresses.flatMap((address) => address.nameservers ?? []));
  return {
    dhcp4: false,
    addresses: addresses.map(({ address }) => address),
    ...(gateways.length === 0 ? {} : { routes: gateways.map((via) => ({ to: everywhere(via), via })) }),
    ...(nameservers.length === 0 ? {} : { nameservers: { addresses: nameservers } }),
  };
}

function everywhere(via: string): string {
  return via.includes(':') ? '::/0' : '0.0.0.0/0';
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
