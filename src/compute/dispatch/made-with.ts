import { canonicalJson } from '../../common/json.js';
import type { MadeWith } from '../../journal/instance-store.port.js';
import type { MethodParams } from '../contract/index.js';
import { withoutChangeFields } from './destination.js';

type Description = MethodParams<'compute.spawn'>;

/** What a description says that is told once, at the making of an instance, and cannot be told or seen afterwards. */
interface Part {
  /** By which it is found again; whatever is secret in it is digested. */
  readonly key: string;
  /** For people: `networks[0].` */
  readonly prefix: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The part of what does not belong to one of a list. */
const WHOLE = '';

/** Digests of what was told once, in one journal. */
export class FirstTold {
  /** @param fingerprint proof that two texts are equal, under the journal's key, which stays the same for ever */
  constructor(private readonly fingerprint: (text: string) => string) {}

  /** What is kept of a description; never a value of it. @param driver of the host */
  of(description: Description, driver: string): MadeWith {
    const { name } = description;
    return Object.fromEntries(
      this.#parts(description, driver).map((part) => [part.key, this.#digests(name, part.key, part.fields)]),
    );
  }

  /** What is kept anew of an instance that was made anew. @param name under which it was spawned */
  ofRebuild(name: string, { image, admin_password }: Pick<Description, 'image' | 'admin_password'>): MadeWith {
    return { [WHOLE]: this.#digests(name, WHOLE, { image: contentOf(image), admin_password }) };
  }

  /** The fields in which a description says something else than was told; what is in a list now and was not then is new, and no change. */
  changes(description: Description, driver: string, kept: MadeWith): string[] {
    const { name } = description;
    return this.#parts(description, driver).flatMap(({ key, prefix, fields }) => {
      const before = kept[key];
      if (before === undefined) return [];
      const now = this.#digests(name, key, fields);
      const all = [...new Set([...Object.keys(now), ...Object.keys(before)])];
      return all.filter((field) => now[field] !== before[field]).map((field) => `${prefix}${field}`);
    });
  }

  #parts(description: Description, driver: string): Part[] {
    const { host: _host, name, flavor: _flavor, start: _start, ...told } = description;
    const { networks = [], volumes = [], driver_options: options = {}, image, ...rest } = told;
    const seen = new Set<string>();
    const one = (list: string, index: number, identity: readonly unknown[], fields: object): Part => {
      let key = '';
      for (let nth = 0; key === '' || seen.has(key); nth += 1) {
        key = `${list} ${this.fingerprint(canonicalJson([name, list, identity, nth]))}`;
      }
      seen.add(key);
      return { key, prefix: `${list}[${index}].`, fields: { ...fields } };
    };
    return [
      { key: WHOLE, prefix: '', fields: { ...withoutChangeFields(rest), image: contentOf(image) } },
      { key: 'driver_options', prefix: `driver_options.${driver}.`, fields: options[driver] ?? {} },
      ...networks.map(({ name: network, vlan, mac, ...fields }, index) =>
        one('networks', index, [network, vlan, mac?.toLowerCase()], fields),
      ),
      ...volumes.map(({ id, ...fields }, index) => one('volumes', index, [id], fields)),
    ];
  }

  /** Equal values of two instances, or of two fields, have different digests. */
  #digests(name: string, key: string, fields: Readonly<Record<string, unknown>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => isSaid(value))
        .map(([field, value]) => [field, this.fingerprint(canonicalJson([name, key, field, value]))]),
    );
  }
}

/** What an image is, its checksum tells, wherever it comes from; without one, its address does. A token only opens the way to it. */
function contentOf(image: Description['image']): object | undefined {
  if (image === undefined) return undefined;
  const { token: _token, cache: _cache, source, checksum, ...facts } = image;
  return checksum === undefined ? { source, ...facts } : { checksum, ...facts };
}

/** Whoever says no, or nothing of a list, says as much as who is silent. */
function isSaid(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
