import type { Requirement } from '../../compute/contract/index.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { memoryLeft } from './fake-size.js';

/** What every instance on this host needs. */
export function hostRequirements(site: FakeSite): Requirement[] {
  const { name, isEnabled, isInMaintenance, settings, images } = site;
  const left = memoryLeft(site);
  return [
    requirement(
      'enabled',
      name,
      isEnabled,
      isEnabled ? 'it takes new instances' : 'it takes no new instances',
      'host.set_enabled with enabled true',
    ),
    requirement(
      'no_maintenance',
      name,
      !isInMaintenance,
      isInMaintenance ? 'in maintenance' : 'not in maintenance',
      'host.set_maintenance with enabled false',
    ),
    requirement(
      'memory',
      name,
      left > 0,
      `${left} MiB of memory are left`,
      'destroy instances, or give the host more memory',
    ),
    requirement(
      'rescue_image',
      name,
      images.has(settings.rescue_image),
      `the image ${settings.rescue_image}`,
      `import an image under the name ${settings.rescue_image}`,
    ),
  ];
}

/** What one instance needs beside it, to be used as it is. */
export function instanceRequirements(site: FakeSite, { name, hardware }: FakeInstance): Requirement[] {
  const { volumes, networks, has_agent: hasAgent } = hardware;
  const { unreachable_volumes: unreachable, networks: known } = site.settings;
  return [
    ...volumes.map(({ id }) =>
      requirement('volume', name, !unreachable.includes(id), `the volume ${id}`, `let ${site.name} reach the volume`),
    ),
    ...networks.map((network) =>
      requirement(
        'network',
        name,
        known.includes(network.name),
        `the network ${network.name}`,
        `give ${site.name} the network`,
      ),
    ),
    {
      requirement: 'agent',
      subject: name,
      status: 'information',
      evidence: hasAgent ? 'there is an agent in the guest' : 'there is no agent in the guest',
      remedy: hasAgent ? null : 'install an agent, for quiesce and set_admin_password',
    },
  ];
}

function requirement(what: string, subject: string, isMet: boolean, evidence: string, remedy: string): Requirement {
  return { requirement: what, subject, status: isMet ? 'met' : 'not_met', evidence, remedy: isMet ? null : remedy };
}
