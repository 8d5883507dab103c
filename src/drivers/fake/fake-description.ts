import { z } from 'zod';
import { ComputeError, describeIssues } from '../../common/errors/index.js';
import type { OperationParams } from '../../compute/contract/index.js';
import { checkBoot } from './fake-boot.js';
import { checkNetwork } from './fake-interfaces.js';
import { refuseByteLimits, refuseLargeFiles } from './fake-limits.js';
import type { FakeSite } from './fake-site.js';
import { checkFlavor, requireMemory } from './fake-size.js';
import { checkVolume } from './fake-volumes.js';

type Description = OperationParams<'compute.spawn'>;

/** What may stand under `driver_options.fake` of a description. */
const OptionsSchema = z.strictObject({
  greeting: z.string().min(1).max(255).optional().describe('first line of its console'),
});

/** Refuses what this driver can never honour of a description. @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
export function admitDescription(description: Description): void {
  const { flavor, image, volumes = [], networks = [], files, firmware, firmware_stateless: isStateless } = description;
  checkFlavor(flavor);
  refuseByteLimits(description.disk_limits);
  for (const { limits } of volumes) refuseByteLimits(limits);
  refuseLargeFiles(files);
  refuseTwice(
    'volumes',
    volumes.map(({ id }) => id),
  );
  refuseTwice(
    'networks',
    networks.flatMap(({ mac }) => (mac === undefined ? [] : [mac.toLowerCase()])),
  );
  if (isStateless === true && firmware === 'bios') throw invalid('firmware_stateless: only with the firmware uefi');
  const { boot } = description;
  if (boot !== undefined) checkBoot(boot, { volumes, networks });
  if (boot?.from === 'image' && image === undefined) throw invalid('boot: it has no image to start from');
  if (boot?.from === 'iso' && image?.format !== 'iso') throw invalid('boot: its image is no ISO 9660 image');
  optionsOf(description);
}

/** @throws ComputeError REQUEST_INVALID for options that this driver does not know */
export function optionsOf({ driver_options: options }: Description): z.infer<typeof OptionsSchema> {
  const parsed = OptionsSchema.safeParse(options?.['fake'] ?? {});
  if (parsed.success) return parsed.data;
  const { text, details } = describeIssues(parsed.error.issues);
  throw new ComputeError('REQUEST_INVALID', `driver_options.fake: ${text}`, { details: { mistakes: details } });
}

/** Refuses what this host cannot give to a new instance now. @throws ComputeError RESOURCE_NOT_FOUND, ALREADY_EXISTS, … */
export function checkDescription(site: FakeSite, description: Description): void {
  const { name, flavor, networks = [], volumes = [], security_groups: groups = [] } = description;
  if (site.tryFind(name) !== undefined) {
    throw new ComputeError('ALREADY_EXISTS', `the fake host ${site.name} has another instance ${name}`);
  }
  if (!site.isEnabled) throw new ComputeError('STATE_CONFLICT', `the fake host ${site.name} takes no new instances`);
  for (const network of networks) checkNetwork(site, network);
  for (const volume of volumes) checkVolume(site, volume);
  const unknown = groups.find((group) => !site.settings.security_groups.includes(group));
  if (unknown !== undefined) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `the fake host ${site.name} has no security group ${unknown}`);
  }
  requireMemory(site, flavor.memory_mib);
}

function refuseTwice(field: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(`${field}: ${twice} is there twice`);
}

function invalid(text: string): ComputeError {
  return new ComputeError('REQUEST_INVALID', text);
}
