import {
  attributeOf,
  childAt,
  childrenOf,
  required,
  textOf,
  wholeNumber,
  type XmlElement,
} from '../../../connectors/xml/index.js';

/** What domains of one architecture, machine type and virtualisation can have on a host (`virsh domcapabilities`). */
export interface DomainCapabilities {
  readonly arch: string;
  readonly machine: string;
  /** `kvm` or `qemu`, which is emulation. */
  readonly virtType: string;
  readonly emulator: string | undefined;
  readonly maxVcpus: number | undefined;
  readonly cpuModes: ReadonlySet<string>;
  /** The processor that the mode host-model gives, as its model and what that has beside; undefined: there is no such mode. */
  readonly hostModel: XmlElement | undefined;
  /** Models of the mode custom, and whether this host can run them; undefined: it cannot be told. */
  readonly cpuModels: ReadonlyMap<string, boolean | undefined>;
  readonly firmware: Offered;
  /** Are there firmware files, whoever has to name them? */
  readonly hasLoader: boolean;
  readonly memorySources: Offered;
  readonly diskDevices: Offered;
  readonly diskBuses: Offered;
  readonly graphics: Offered;
  readonly video: Offered;
  readonly hostDevices: Offered;
  readonly channels: Offered;
  readonly rngBackends: Offered;
  readonly tpm: { readonly models: Offered; readonly backends: Offered; readonly versions: Offered };
  /** Features by name (`s390-pv`, `backup`), as far as they are told. */
  readonly features: ReadonlyMap<string, boolean>;
}

/** Words that may stand in a definition; undefined where this libvirt does not tell them, which says nothing. */
export type Offered = ReadonlySet<string> | undefined;

/** @throws XmlFailure unexpected */
export function domainCapabilities(from: XmlElement): DomainCapabilities {
  const word = (name: string): string => required(textOf(childAt(from, name)), `the ${name} of the capabilities`);
  const device = (name: string, list: string): Offered => offered(childAt(from, 'devices', name), list);
  const modes = childrenOf(childAt(from, 'cpu'), 'mode').filter(isSupported);
  return {
    arch: word('arch'),
    machine: word('machine'),
    virtType: word('domain'),
    emulator: textOf(childAt(from, 'path')),
    maxVcpus: wholeNumber(attributeOf(childAt(from, 'vcpu'), 'max'), 'the number of processors'),
    cpuModes: new Set(modes.flatMap((mode) => attributeOf(mode, 'name') ?? [])),
    hostModel: modes.find((mode) => attributeOf(mode, 'name') === 'host-model'),
    cpuModels: new Map(
      modes
        .filter((mode) => attributeOf(mode, 'name') === 'custom')
        .flatMap((mode) => childrenOf(mode, 'model'))
        .flatMap((model): [string, boolean | undefined][] => {
          const name = textOf(model);
          return name === undefined ? [] : [[name, yesOrNo(attributeOf(model, 'usable'))]];
        }),
    ),
    firmware: offered(childAt(from, 'os'), 'firmware'),
    hasLoader: isSupported(childAt(from, 'os', 'loader')),
    memorySources: offered(childAt(from, 'memoryBacking'), 'sourceType'),
    diskDevices: device('disk', 'diskDevice'),
    diskBuses: device('disk', 'bus'),
    graphics: device('graphics', 'type'),
    video: device('video', 'modelType'),
    hostDevices: device('hostdev', 'subsysType'),
    channels: device('channel', 'type'),
    rngBackends: device('rng', 'backendModel'),
    tpm: {
      models: device('tpm', 'model'),
      backends: device('tpm', 'backendModel'),
      versions: device('tpm', 'backendVersion'),
    },
    features: new Map(
      childrenOf(childAt(from, 'features')).flatMap((feature): [string, boolean][] => {
        const isThere = yesOrNo(attributeOf(feature, 'supported'));
        return isThere === undefined ? [] : [[feature.name, isThere]];
      }),
    ),
  };
}

function offered(device: XmlElement | undefined, list: string): Offered {
  if (device === undefined) return undefined;
  if (!isSupported(device)) return new Set();
  const found = childrenOf(device, 'enum').find((one) => attributeOf(one, 'name') === list);
  return found === undefined ? undefined : new Set(childrenOf(found, 'value').flatMap((value) => textOf(value) ?? []));
}

function isSupported(device: XmlElement | undefined): boolean {
  return attributeOf(device, 'supported') === 'yes';
}

function yesOrNo(word: string | undefined): boolean | undefined {
  return word === 'yes' || word === 'no' ? word === 'yes' : undefined;
}
