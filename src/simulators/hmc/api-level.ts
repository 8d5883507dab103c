import { refuse } from './hmc-error.js';
import type { Query } from './query.js';

/** The version of the API that an HMC offers, and what came with which (hmc-dpm.md section 2). */
export class ApiLevel {
  readonly major: number;
  readonly minor: number;
  readonly #release: Version;

  /** `version` looks like `4.10`, `release`, that of the HMC itself, like `2.16.0`. */
  constructor(version: string, release: string) {
    const { major, minor } = parseVersion(version);
    this.major = major;
    this.minor = minor;
    this.#release = parseVersion(release);
  }

  get hasPropertiesQuery(): boolean {
    return this.isAtLeast(2, 20);
  }

  get hasPermittedListings(): boolean {
    return this.isAtLeast(2, 20);
  }

  get hasOsMessageListing(): boolean {
    return this.isAtLeast(2, 20);
  }

  get hasAsciiConsole(): boolean {
    return this.isAtLeast(2, 22);
  }

  get hasAdditionalProperties(): boolean {
    return this.isAtLeast(4, 10);
  }

  get hasSeVersionInListings(): boolean {
    return this.isAtLeast(4, 10);
  }

  get hasStorageDiscovery(): boolean {
    return this.isAtLeast(2, 37);
  }

  /** Of the listing of storage volumes, which had to wait for HMC 2.17. */
  get hasVolumeAdditionalProperties(): boolean {
    return isAtLeast(this.#release, 2, 17);
  }

  /** `available-features-list`, and with it storage groups. */
  get hasFirmwareFeatures(): boolean {
    return this.isAtLeast(2, 23);
  }

  get hasFeatureListings(): boolean {
    return this.isAtLeast(4, 10);
  }

  isAtLeast(major: number, minor: number): boolean {
    return isAtLeast(this, major, minor);
  }
}

interface Version {
  readonly major: number;
  readonly minor: number;
}

function parseVersion(text: string): Version {
  const [major, minor] = text.split('.').map(Number);
  return { major: major ?? 0, minor: minor ?? 0 };
}

const isAtLeast = (version: Version, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor);

/** Applies `properties=`: all of them without it. Throws 400,1 below its API level and 400,14 for unknown names. */
export function selectProperties(
  all: Readonly<Record<string, unknown>>,
  query: Query,
  level: ApiLevel,
): Record<string, unknown> {
  if (!query.has('properties')) return { ...all };
  if (!level.hasPropertiesQuery) throw refuse.unknownQueryParameter('properties');
  return pick(all, query.names('properties'));
}

/** The properties that `additional-properties=` adds to a list item. Throws like {@link selectProperties}. */
export function additionalProperties(
  all: () => Readonly<Record<string, unknown>>,
  query: Query,
): Record<string, unknown> {
  return query.has('additional-properties') ? pick(all(), query.names('additional-properties')) : {};
}

/** To be asked before the list is made: an empty list refuses just the same. */
export function checkAdditionalProperties(query: Query, level: ApiLevel): void {
  if (query.has('additional-properties') && !level.hasAdditionalProperties) {
    throw refuse.unknownQueryParameter('additional-properties');
  }
}

function pick(all: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => {
      if (!Object.hasOwn(all, name)) throw refuse.unknownProperty(name);
      return [name, all[name]];
    }),
  );
}
