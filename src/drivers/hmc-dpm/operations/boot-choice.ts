import type { ChangeParams, ImageSource, Network, Volume } from '../../../compute/contract/index.js';
import { admitImage } from './boot-image.js';
import type { LaunchOptions } from './launch-options.js';
import { invalid, limited, optionPath } from './refusal.js';

/** What a partition starts from. */
export type BootChoice =
  | { readonly from: 'nothing' | 'root' | 'ftp' | 'ssc' }
  | { readonly from: 'image'; readonly image: ImageSource }
  | { readonly from: 'volume'; readonly volume: Volume }
  | { readonly from: 'network'; readonly network: Network };

type Description = ChangeParams<'spawn'>;

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED, RESOURCE_NOT_FOUND */
export function bootChoiceOf(description: Description, { type, ftp }: LaunchOptions, hasRoot: boolean): BootChoice {
  const { image, boot, networks = [], volumes = [] } = description;
  if (type === 'ssc') {
    const path = image === undefined ? 'boot' : 'image';
    const text = 'a partition of type ssc starts its installer or its appliance';
    if (image !== undefined || boot !== undefined) throw limited(path, text);
    return { from: 'ssc' };
  }
  if (image !== undefined) return fromImage(description, image);
  switch (boot?.from) {
    case 'network':
      return { from: 'network', network: theOne('network', networks, ({ name }) => name, boot.network) };
    case 'volume': {
      const flagged = volumes.filter((volume) => volume.boot === true);
      return {
        from: 'volume',
        volume: theOne('volume', flagged.length > 0 ? flagged : volumes, ({ id }) => id, boot.volume),
      };
    }
    case 'ftp':
      if (ftp === undefined)
        throw invalid(optionPath('ftp'), 'is where boot.from ftp starts from: host, user, password, insfile');
      return { from: 'ftp' };
    case 'image':
    case 'iso':
      throw invalid('boot.from', `the description has no image to start from`);
    case undefined: {
      const [first, second] = volumes.filter((volume) => volume.boot === true);
      if (second !== undefined) throw invalid('volumes', 'only one of them can have boot true');
      if (first !== undefined) return { from: 'volume', volume: first };
      return { from: hasRoot ? 'root' : 'nothing' };
    }
  }
}

/** An installer, or a live image: whatever volumes and root disk there are, are what it may install on. */
function fromImage({ boot, volumes = [] }: Description, image: ImageSource): BootChoice {
  admitImage(image);
  if (boot !== undefined && boot.from !== 'image' && boot.from !== 'iso') {
    const text = `a partition starts from its image, and a disk image is not written to a LUN; leave out the image, or boot.from ${boot.from}`;
    throw limited('image', text);
  }
  const flagged = volumes.find((volume) => volume.boot === true);
  if (flagged === undefined) return { from: 'image', image };
  throw invalid(
    'volumes',
    `${flagged.id} has boot true, while the partition starts from its image; leave out one of them`,
  );
}

/** The one that is named, or the only one there is. */
function theOne<T>(
  field: 'volume' | 'network',
  all: readonly T[],
  nameOf: (one: T) => string,
  wanted: string | undefined,
): T {
  const found = wanted === undefined ? all : all.filter((one) => nameOf(one) === wanted);
  const [only, another] = found;
  if (only === undefined) {
    throw wanted === undefined
      ? invalid('boot.from', `the description has no ${field} to start from`)
      : invalid(`boot.${field}`, `the description has no ${field} ${wanted}`);
  }
  if (another !== undefined && nameOf(another) !== nameOf(only))
    throw invalid(`boot.${field}`, `must say from which ${field} it starts: there are ${found.length}`);
  return only;
}
