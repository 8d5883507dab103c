import type { CatalogueEntry, FieldUse } from './catalogue-entry.js';
import { VIRT_FEATURES, VIRT_FEATURE_IDS, type VirtFeatureId } from './virt-catalogue.js';

const CATALOGUE: Readonly<Record<VirtFeatureId, CatalogueEntry>> = VIRT_FEATURES;

/**
 * The features of virt drivers that a request uses: by its operation, and by its fields.
 *
 * @param operation the driver operation that it asks for
 * @param params as the method's schema has checked them
 */
export function featuresUsed(operation: string, params: unknown): VirtFeatureId[] {
  return VIRT_FEATURE_IDS.filter((id) => {
    const { operations, uses } = CATALOGUE[id];
    if (uses === undefined) return operations.includes(operation);
    return uses.some((use) => use.operation === operation && isUsed(use, params));
  });
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
