/** What the matrix demands of a driver for one feature. */
export type FeatureStatus =
  'mandatory' | 'optional' | { readonly choice: string } | { readonly condition: string; readonly enforced: string };

/** A part of a request that uses a feature. */
export interface FieldUse {
  /** The driver operation that the request asks for. */
  readonly operation: string;
  /** Path of a field in the request: `config_drive`, `networks[].vlan`; without it every request for the operation uses it. */
  readonly field?: string;
  /** The values that use it, null for a field that is not given; without them every value but false and an empty list. */
  readonly values?: readonly (string | boolean | null)[];
}

/** One row of the matrix. */
export interface CatalogueEntry {
  readonly title: string;
  readonly status: FeatureStatus;
  /** Driver operations that a claim needs; none while the contract has none, and then no driver can claim it. */
  readonly operations: readonly string[];
  /** Parts of requests that use it; without this, every request for one of its operations does. None: it shows in answers. */
  readonly uses?: readonly FieldUse[];
  /** The RPC method that people know it by, where that is not the one of its first operation. */
  readonly method?: string;
  /** Commands by which OpenStack's users ask for it. */
  readonly cli: readonly string[];
  /** What it means here, for readers of the matrix; it decides what the tests demand. */
  readonly notes: string;
}

/** What asks for a feature: the parts of requests that it names, or every request for one of its operations. */
export function usesOf({ operations, uses }: CatalogueEntry): readonly FieldUse[] {
  return uses ?? operations.map((operation) => ({ operation }));
}

/** At least one feature of the group is required. */
export function choice<const Group extends string>(group: Group): { readonly choice: Group } {
  return { choice: group };
}

/** Required when the expression holds. `printed` is the source's text, `enforced` what it means. */
export function condition<const Printed extends string, const Enforced extends string>(
  printed: Printed,
  enforced: Enforced,
): { readonly condition: Printed; readonly enforced: Enforced } {
  return { condition: printed, enforced };
}

/** `mandatory`, `optional`, `choice(group)` or `condition(expression)`. */
export function statusText(status: FeatureStatus): string {
  if (typeof status === 'string') return status;
  return 'choice' in status ? `choice(${status.choice})` : `condition(${status.enforced})`;
}

/** The group of a choice. */
export function groupOf(status: FeatureStatus): string | null {
  return typeof status === 'object' && 'choice' in status ? status.choice : null;
}
