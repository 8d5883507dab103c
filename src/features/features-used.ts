import { usesOf, type CatalogueEntry, type FieldUse } from './catalogue-entry.js';
import { VIRT_FEATURES, VIRT_FEATURE_IDS, type VirtFeatureId } from './virt-catalogue.js';

interface Use extends FieldUse {
  readonly feature: VirtFeatureId;
}

/** By operation, in the order of the catalogue: every request for a host is looked at. */
const USES: ReadonlyMap<string, readonly Use[]> = usesByOperation(VIRT_FEATURES);

/**
 * The features of virt drivers that a request uses: by its operation, and by its fields.
 *
 * @param operation the driver operation that it asks for
 * @param params as the method's schema has checked them
 */
export function featuresUsed(operation: string, params: unknown): VirtFeatureId[] {
  const used = USES.get(operation)?.filter((use) => isUsed(use, params)) ?? [];
  return [...new Set(used.map(({ feature }) => feature))];
}

function usesByOperation(catalogue: Readonly<Record<VirtFeatureId, CatalogueEntry>>): ReadonlyMap<string, Use[]> {
  const byOperation = new Map<string, Use[]>();
  for (const feature of VIRT_FEATURE_IDS) {
    for (const use of usesOf(catalogue[feature])) {
      const uses = byOperation.get(use.operation) ?? [];
      uses.push({ ...use, feature });
      byOperation.set(use.operation, uses);
    }
  }
  return byOperation;
}

function isUsed({ field, values }: FieldUse, params: unknown): boolean {
  if (field === undefined) return true;
  return valuesAt(params, field.split('.')).some((value) =>
    values === undefined
      ? isGiven(value)
      : values.some((one) => one === value || (one === null && value === undefined)),
  );
}

/** What stands at a path, once for each element of a list on the way; undefined where the field is not given. */
function valuesAt(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  if (name === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  const isList = name.endsWith('[]');
  const member: unknown = Reflect.get(value, isList ? name.slice(0, -2) : name);
  if (!isList) return member === undefined && rest.length > 0 ? [] : valuesAt(member, rest);
  return Array.isArray(member) ? member.flatMap((one) => valuesAt(one, rest)) : [];
}

function isGiven(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false;
}
