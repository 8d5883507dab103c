import type { MethodResult } from '../compute/contract/index.js';

/** The matrix as `features.matrix` answers it, and its parts by the names that its readers give them. */
export type Matrix = MethodResult<'features.matrix'>;
export type Feature = Matrix['catalogue'][number];
export type MatrixDriver = Matrix['drivers'][number];
export type MatrixCell = MatrixDriver['features'][string];
export type Kind = MatrixDriver['kind'];
export type Evaluation = MatrixDriver['evaluation']['declared'];
export type Reference = Matrix['references'][string];

/** One driver as `features.driver` answers it. */
export type Driver = MethodResult<'features.driver'>;
export type DriverCell = Driver['features'][string];
export type Availability = NonNullable<Driver['available']>;

/** Features that readers look for together. */
export interface FeatureGroup {
  readonly id: string;
  readonly title: string;
  readonly features: readonly Feature[];
}

const TITLES: Readonly<Record<string, string>> = {
  operation: 'Operations',
  guest: 'Guest setup and disks',
  console: 'Consoles',
  storage: 'Storage',
  networking: 'Networking',
  nova: 'Newer features of Nova',
  power: 'Power',
};

/** The features of virt drivers or of power types, in groups, each in the order of the catalogue. */
export function groupsOf(catalogue: readonly Feature[], kind: Kind): FeatureGroup[] {
  const groups = new Map<string, Feature[]>();
  for (const feature of catalogue) {
    if ((feature.set === 'power') !== (kind === 'power')) continue;
    const id = feature.set === 'nova' ? 'nova' : (feature.key.split('.')[0] ?? feature.key);
    groups.set(id, [...(groups.get(id) ?? []), feature]);
  }
  return [...groups].map(([id, features]) => ({ id, title: TITLES[id] ?? id, features }));
}

/** Virt drivers and power types are apart: no feature of one is a feature of the other. */
export const KINDS: readonly { readonly kind: Kind; readonly title: string; readonly one: string }[] = [
  { kind: 'virt', title: 'Virt drivers', one: 'virt driver' },
  { kind: 'power', title: 'Power types', one: 'power type' },
];

/** Drivers by their kind, without a kind of which there is none. */
export function byKind(
  drivers: readonly MatrixDriver[],
): { readonly kind: Kind; readonly title: string; readonly drivers: readonly MatrixDriver[] }[] {
  return KINDS.map(({ kind, title }) => ({ kind, title, drivers: drivers.filter((one) => one.kind === kind) })).filter(
    ({ drivers }) => drivers.length > 0,
  );
}

/** What people call a feature. */
export type TitleOf = (key: string) => string;

/** The titles of a catalogue; what is not in it goes by its key. */
export function titlesOf(catalogue: readonly Feature[]): TitleOf {
  const titles = new Map(catalogue.map(({ key, title }) => [key, title]));
  return (key) => titles.get(key) ?? key;
}
