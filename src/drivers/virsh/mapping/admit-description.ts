import type { ChangeParams, Volume } from '../../../compute/contract/index.js';
import type { DriverOptions } from './driver-options.js';
import { requireDomainName, requireHostPath, requireText } from './names.js';
import { invalid, limited, optionPath } from './refusal.js';
import { admitLimits, admitVolume } from './volume-disk.js';

export type Description = ChangeParams<'spawn'>;

/** What a domain starts from. */
export type BootChoice =
  | { readonly from: 'nothing' | 'root' | 'iso' | 'kernel' }
  | { readonly from: 'volume'; readonly volume: string }
  | { readonly from: 'network'; readonly index: number };

/**
 * Refuses what this driver can never honour, whatever the host. The rest of a description is for its first start, or for who
 * keeps images.
 *
 * @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED
 */
export function admitDescription(description: Description, options: DriverOptions): void {
  const { flavor, image, volumes = [], networks = [], firmware } = description;
  requireDomainName(description.name);
  if (Object.keys(flavor.extras ?? {}).length > 0) {
    throw limited('flavor.extras', `says nothing to this driver; what it knows is ${optionPath('…')}`);
  }
  if (Object.keys(image?.properties ?? {}).length > 0) {
    throw limited('image.properties', `say nothing to this driver; what it knows is ${optionPath('…')}`);
  }
  if (image?.format === 'kernel' || image?.format === 'tar') {
    throw limited(
      'image.format',
      'an image is a disk or a CD; a kernel on the host is named in ' + optionPath('kernel'),
    );
  }
  if (options.secure_boot !== undefined && firmware !== 'uefi') {
    throw invalid(optionPath('secure_boot'), 'goes with firmware uefi');
  }
  if (description.firmware_stateless === true && firmware !== 'uefi') {
    throw invalid('firmware_stateless', 'goes with firmware uefi');
  }
  if (flavor.memory_backing !== undefined && options.hugepages === true) {
    throw invalid(optionPath('hugepages'), 'cannot stand beside flavor.memory_backing');
  }
  admitProcessors(flavor.vcpus, options);
  admitKernel(options);
  admitLimits('disk_limits', description.disk_limits);
  refuseTwice(
    'volumes',
    volumes.map(({ id }) => id),
  );
  refuseTwice(
    'networks',
    networks.flatMap(({ mac }) => (mac === undefined ? [] : [mac.toLowerCase()])),
  );
  refuseTwice(
    'networks',
    networks.flatMap(({ tag }) => tag ?? []),
  );
  for (const [at, volume] of volumes.entries()) admitVolume(`volumes.${at}`, volume, options.disk?.bus ?? 'virtio');
  bootChoice(description, options);
}

function admitProcessors(vcpus: number, { max_vcpus: most = vcpus, cpu }: DriverOptions): void {
  if (most < vcpus) throw invalid(optionPath('max_vcpus'), 'must be at least flavor.vcpus');
  if (cpu?.topology === undefined) return;
  const { sockets, cores, threads } = cpu.topology;
  if (sockets * cores * threads !== most) {
    throw invalid(optionPath('cpu.topology'), `must make as many processors as the domain can have: ${most}`);
  }
}

function admitKernel({ kernel }: DriverOptions): void {
  if (kernel === undefined) return;
  requireHostPath(optionPath('kernel.path'), kernel.path);
  if (kernel.initrd !== undefined) requireHostPath(optionPath('kernel.initrd'), kernel.initrd);
  if (kernel.parameters !== undefined) requireText(optionPath('kernel.parameters'), kernel.parameters);
}

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
export function bootChoice(description: Description, { kernel }: DriverOptions): BootChoice {
  const { boot, image, volumes = [], networks = [] } = description;
  if (kernel !== undefined) {
    if (boot !== undefined) throw invalid('boot', `cannot stand beside ${optionPath('kernel')}, which it starts`);
    return { from: 'kernel' };
  }
  switch (boot?.from) {
    case 'ftp':
      throw limited('boot.from', 'guests of libvirt do not start by FTP');
    case 'image':
      if (image === undefined || image.format === 'iso')
        throw invalid('boot.from', 'there is no image of a disk to start from');
      return { from: 'root' };
    case 'iso':
      if (image?.format !== 'iso') throw invalid('boot.from', 'there is no image of format iso to start from');
      return { from: 'iso' };
    case 'network':
      return {
        from: 'network',
        index: theOne(
          'network',
          networks.map(({ name }) => name),
          boot.network,
        ),
      };
    case 'volume': {
      const flagged = volumes.filter((volume) => volume.boot === true);
      const ids = (flagged.length > 0 ? flagged : volumes).map(({ id }) => id);
      return { from: 'volume', volume: ids[theOne('volume', ids, boot.volume)] ?? '' };
    }
    case undefined:
      return usualBoot(image?.format, volumes);
  }
}

function usualBoot(format: string | undefined, volumes: readonly Volume[]): BootChoice {
  const [first, second] = volumes.filter((volume) => volume.boot === true);
  if (second !== undefined) throw invalid('volumes', 'only one of them can have boot true');
  if (first !== undefined) return { from: 'volume', volume: first.id };
  return { from: format === 'iso' ? 'iso' : 'root' };
}

/** Where in a list the one is that is named, or the only one there is. */
function theOne(field: 'volume' | 'network', names: readonly string[], wanted: string | undefined): number {
  const found = names.flatMap((name, at) => (wanted === undefined || name === wanted ? [at] : []));
  const [only, another] = found;
  if (only === undefined) {
    throw wanted === undefined
      ? invalid('boot.from', `the description has no ${field} to start from`)
      : invalid(`boot.${field}`, `the description has no ${field} ${wanted}`);
  }
  if (another !== undefined && wanted === undefined) {
    throw invalid(`boot.${field}`, `must say from which ${field} it starts: there are ${found.length}`);
  }
  return only;
}

function refuseTwice(field: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(field, `${twice} is there twice`);
}
