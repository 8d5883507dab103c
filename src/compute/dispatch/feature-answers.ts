import { ComputeError } from '../../common/errors/index.js';
import {
  COMPUTE_FEATURES,
  POWER_FEATURES,
  claimNotes,
  statusText,
  type CatalogueEntry,
  type FeatureClaim,
} from '../../features/index.js';
import { METHODS, METHOD_NAMES, type AnyPowerType, type AnyVirtDriver, type MethodResult } from '../contract/index.js';

type DriverFeatures = MethodResult<'features.driver'>;

/** The catalogue as callers see it. */
export function catalogueAnswer(): MethodResult<'features.catalogue'> {
  const rows = (set: 'compute' | 'power', entries: Readonly<Record<string, CatalogueEntry>>) =>
    Object.entries(entries).map(([key, { title, status, operations }]) => ({
      key,
      title,
      status: statusText(status),
      set,
      method: methodOf(set, operations[0] ?? null),
    }));
  return { features: [...rows('compute', COMPUTE_FEATURES), ...rows('power', POWER_FEATURES)] };
}

/** What every driver and power type declares. */
export function matrixAnswer(
  drivers: readonly AnyVirtDriver[],
  powerTypes: readonly AnyPowerType[],
): MethodResult<'features.matrix'> {
  return {
    catalogue: catalogueAnswer().features,
    drivers: [
      ...drivers.map((driver) => declared(driver, 'virt', driver.features)),
      ...powerTypes.map((type) => declared(type, 'power', type.features)),
    ],
  };
}

/** @throws ComputeError RESOURCE_NOT_FOUND, naming those there are */
export function driverAnswer(
  drivers: readonly AnyVirtDriver[],
  powerTypes: readonly AnyPowerType[],
  name: string,
): DriverFeatures {
  const all = matrixAnswer(drivers, powerTypes).drivers;
  const found = all.find(({ driver }) => driver === name);
  if (found !== undefined) return found;
  const known = all.map(({ driver }) => driver);
  throw new ComputeError(
    'RESOURCE_NOT_FOUND',
    `there is no driver or power type ${name}; there are ${known.join(', ')}`,
    {
      details: { drivers: known },
    },
  );
}

/** The power types with their parameters, in the words of MAAS (power-drivers.md 0.1). */
export function powerTypesAnswer(types: readonly AnyPowerType[]): MethodResult<'power.types'> {
  return {
    power_types: types.map(({ name, title, description, queryable, features, parameters }) => ({
      name,
      title,
      description,
      queryable,
      verbs: Object.entries(POWER_FEATURES).flatMap(([id, { operations }]) =>
        features[id as keyof typeof features].level === 'missing'
          ? []
          : operations.map((operation) => methodOf('power', operation) ?? operation),
      ),
      parameters: parameters.map((parameter) => ({
        name: parameter.name,
        label: parameter.label,
        field_type: parameter.fieldType,
        choices: (parameter.choices ?? []).map(([value, label]): [string, string] => [value, label]),
        default: typeof parameter.default === 'object' ? [...parameter.default] : (parameter.default ?? ''),
        required: parameter.required ?? false,
        scope: parameter.scope ?? 'bmc',
        secret: parameter.secret ?? false,
      })),
    })),
  };
}

function declared(
  { name, title }: { name: string; title: string },
  kind: DriverFeatures['kind'],
  claims: Readonly<Record<string, FeatureClaim>>,
): DriverFeatures {
  const features = Object.fromEntries(
    Object.entries(claims).map(([key, claim]) => [key, { level: claim.level, notes: claimNotes(claim) }]),
  );
  return { driver: name, title, kind, features };
}

/** The RPC method of a driver operation, in the namespace of its feature set. */
function methodOf(set: 'compute' | 'power', operation: string | null): string | null {
  if (operation === null) return null;
  const named = METHOD_NAMES.filter((method) => {
    const definition = METHODS[method];
    return 'operation' in definition && definition.operation === operation;
  });
  return named.find((method) => method.startsWith('power.') === (set === 'power')) ?? null;
}
