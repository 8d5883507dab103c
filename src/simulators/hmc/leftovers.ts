import type { Estate } from './estate.js';
import type { Jobs } from './jobs.js';
import type { Partition } from './model.js';
import type { StorageGroups } from './storage/storage-groups.js';

/** Something that is there, with the name that people know it by. */
export interface Item {
  readonly uri: string;
  readonly label: string;
}

/** What has come into being since the start and is still there, kind by kind, for tests that look for orphans. */
export class Leftovers {
  readonly #kinds = new Map<string, { list: () => readonly Item[]; before: ReadonlySet<string> }>();

  /** `more` is what is to be shown beside its own. */
  constructor(private readonly more: Leftovers | null = null) {}

  /** Everything that `list` returns now is no leftover. */
  register(kind: string, list: () => readonly Item[]): void {
    this.#kinds.set(kind, { list, before: new Set(list().map(({ uri }) => uri)) });
  }

  snapshot(): Record<string, string[]> {
    const own = Object.fromEntries(
      [...this.#kinds].map(([kind, { list, before }]) => [
        kind,
        list()
          .filter(({ uri }) => !before.has(uri))
          .map(({ label }) => label),
      ]),
    );
    return { ...this.more?.snapshot(), ...own };
  }
}

/** Storage groups, and where they are attached. */
export function watchStorage(leftovers: Leftovers, groups: StorageGroups): void {
  leftovers.register('storage_groups', () =>
    groups.list().map(({ uri, name, cpc }) => ({ uri, label: `${cpc.name}/${name}` })),
  );
  leftovers.register('storage_volumes', () =>
    groups
      .list()
      .flatMap(({ cpc, name: group, volumes }) =>
        volumes.map(({ uri, name }) => ({ uri, label: `${cpc.name}/${group}/${name}` })),
      ),
  );
  leftovers.register('storage_attachments', () =>
    groups.list().flatMap((group) =>
      [...group.attachedTo].map(({ uri, name, cpc }) => ({
        uri: `${group.uri} ${uri}`,
        label: `${cpc.name}/${name}/${group.name}`,
      })),
    ),
  );
}

/** Partitions, and what belongs to them. */
export function watchMachines(leftovers: Leftovers, estate: Estate): void {
  const label = ({ cpc, name }: Partition): string => `${cpc.name}/${name}`;
  leftovers.register('partitions', () =>
    estate.partitions().map((partition) => ({ uri: partition.uri, label: label(partition) })),
  );
  leftovers.register('nics', () =>
    estate
      .partitions()
      .flatMap((partition) => partition.nics.map(({ uri, name }) => ({ uri, label: `${label(partition)}/${name}` }))),
  );
  leftovers.register('iso_images', () =>
    estate
      .partitions()
      .flatMap((partition) =>
        partition.iso === null ? [] : [{ uri: partition.uri, label: `${label(partition)}/${partition.iso.imageName}` }],
      ),
  );
}

/** Jobs belong to one HMC. */
export function watchJobs(leftovers: Leftovers, jobs: Jobs): void {
  leftovers.register('jobs', () =>
    jobs.list().map(({ uri, subject }) => ({ uri, label: `${uri} of ${subject.name}` })),
  );
}
