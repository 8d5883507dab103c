/** What the matrix demands of a driver for one feature. */
export type FeatureStatus =
  'mandatory' | 'optional' | { readonly choice: string } | { readonly condition: string; readonly enforced: string };

/** One row of the matrix. */
export interface CatalogueEntry {
  readonly title: string;
  readonly status: FeatureStatus;
  /** The driver operation that it governs; null while none does, and then no driver can claim it. */
  readonly operation: string | null;
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
