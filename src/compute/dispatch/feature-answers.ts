import { ComputeError } from '../../common/errors/index.js';
import {
  COMPUTE_FEATURES,
  NOVA_FEATURES,
  POWER_FEATURES,
  VIRT_FEATURES,
  ZVM_REFERENCE,
  cellOf,
  claimNotes,
  evaluate,
  groupOf,
  isSatisfied,
  reaches,
  statusText,
  usesOf,
  type CatalogueEntry,
  type Cell,
  type Evaluation,
  type EvidenceByDriver,
  type FeatureClaim,
  type Scenario,
} from '../../features/index.js';
import {
  METHODS,
  METHOD_NAMES,
  type AnyPowerType,
  type AnyVirtDriver,
  type MethodParams,
  type MethodResult,
} from '../contract/index.js';

type Entries = Readonly<Record<string, CatalogueEntry>>;
type DriverAnswer = Omit<MethodResult<'features.driver'>, 'available'>;
type Query = MethodParams<'features.matrix'>;

/** What the matrix is made of. */
export interface MatrixParts {
  /** Of this service. */
  readonly version: string;
  readonly drivers: readonly AnyVirtDriver[];
  readonly powerTypes: readonly AnyPowerType[];
  readonly evidence: EvidenceByDriver;
}

/** The catalogue as callers see it. */
export function catalogueAnswer(): MethodResult<'features.catalogue'> {
  const rows = (set: 'compute' | 'nova' | 'power', entries: Entries) =>
    Object.entries(entries).map(([key, entry]) => {
      const { title, status, cli, notes } = entry;
      const condition =
        typeof status === 'object' && 'condition' in status
          ? { printed: status.condition, enforced: status.enforced }
          : null;
      return {
        key,
        set,
        title,
        status: statusText(status),
        group: groupOf(status),
        condition,
        governs: governedBy(set === 'power' ? 'power' : 'compute', entry),
        cli: [...cli],
        notes,
      };
    });
  return {
    features: [...rows('compute', COMPUTE_FEATURES), ...rows('nova', NOVA_FEATURES), ...rows('power', POWER_FEATURES)],
  };
}

/** What drivers and power types declare and what is proven of it, those that the query asks for. */
export function matrixAnswer(parts: MatrixParts, query: Query = {}): MethodResult<'features.matrix'> {
  const { features: catalogue } = catalogueAnswer();
  const unknown = (query.having ?? []).filter((feature) => !catalogue.some(({ key }) => key === feature));
  if (unknown.length > 0) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `there is no feature ${unknown.join(', ')}; see features.catalogue`, {
      details: { features: unknown },
    });
  }
  const all = everyDriver(parts);
  const { drivers: named } = query;
  for (const name of named ?? []) driverNamed(all, name);
  return {
    schema_version: 1,
    version: parts.version,
    catalogue,
    drivers: all
      .filter(({ driver }) => named?.includes(driver) ?? true)
      .filter((driver) => isAskedFor(driver, query))
      .map((driver) => ({ ...driver, features: mapValues(driver.features, withIds) })),
    references: {
      zvm: {
        title: 'z/VM driver of the support matrix',
        source: 'z/VM support matrix from which the catalogue is taken',
        features: { ...ZVM_REFERENCE },
      },
    },
  };
}

/** @throws ComputeError RESOURCE_NOT_FOUND, naming those there are */
export function driverAnswer(
  parts: MatrixParts,
  { driver, kind }: Pick<MethodParams<'features.driver'>, 'driver' | 'kind'>,
): DriverAnswer {
  return driverNamed(everyDriver(parts), driver, kind);
}

function driverNamed(all: readonly DriverAnswer[], name: string, kind?: DriverAnswer['kind']): DriverAnswer {
  const found = all.find((one) => one.driver === name && (kind ?? one.kind) === one.kind);
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

function everyDriver({ drivers, powerTypes, evidence }: MatrixParts): DriverAnswer[] {
  return [
    ...drivers.map((driver) => described(driver, 'virt', VIRT_FEATURES, driver.features, evidence)),
    ...powerTypes.map((type) => described(type, 'power', POWER_FEATURES, type.features, evidence)),
  ];
}

function described(
  { name, title }: { name: string; title: string },
  kind: DriverAnswer['kind'],
  catalogue: Entries,
  claims: Readonly<Record<string, FeatureClaim>>,
  evidence: EvidenceByDriver,
): DriverAnswer {
  const { backends = [], scenarios = [] } = evidence.get(name) ?? {};
  const features = Object.fromEntries(
    Object.entries(claims).map(([key, claim]) => {
      const own = scenarios.filter(({ feature }) => feature === key);
      return [key, { ...cellOf(claim, own), notes: claimNotes(claim), scenarios: own.map(withoutFeature) }];
    }),
  );
  const levels = (of: (cell: Cell) => Cell['level']) => mapValues(features, of);
  return {
    driver: name,
    title,
    kind,
    backends: [...backends],
    evaluation: {
      declared: evaluationAnswer(
        evaluate(
          catalogue,
          levels(({ declared }) => declared),
        ),
      ),
      proven: evaluationAnswer(
        evaluate(
          catalogue,
          levels(({ level }) => level),
        ),
      ),
    },
    features,
  };
}

function evaluationAnswer(evaluation: Evaluation): DriverAnswer['evaluation']['declared'] {
  return {
    satisfied: isSatisfied(evaluation),
    mandatory_missing: [...evaluation.mandatoryMissing],
    mandatory_with_limits: [...evaluation.mandatoryWithLimits],
    choices_without_member: [...evaluation.choicesWithoutMember],
    conditions_violated: evaluation.conditionsViolated.map((one) => ({ ...one })),
  };
}

function isAskedFor({ kind, features }: DriverAnswer, query: Query): boolean {
  const { having = [], level: least = 'partial', proven: isProven = false, grade: leastGrade } = query;
  if (query.kind !== undefined && query.kind !== kind) return false;
  return having.every((feature) => {
    const cell = features[feature];
    if (cell === undefined) return false;
    if (!isProven) return reaches(cell.declared, least);
    return reaches(cell.level, least) && (leastGrade !== 'live' || cell.grade === 'live');
  });
}

function withIds<C extends { scenarios: { id: string }[] }>(cell: C): Omit<C, 'scenarios'> & { scenarios: string[] } {
  return { ...cell, scenarios: cell.scenarios.map(({ id }) => id) };
}

function withoutFeature({ feature: _feature, ...scenario }: Scenario): Omit<Scenario, 'feature'> {
  return scenario;
}

function mapValues<V, R>(values: Readonly<Record<string, V>>, map: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
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

/** What a caller asks for with a feature, in the words of requests. */
function governedBy(
  namespace: 'compute' | 'power',
  entry: CatalogueEntry,
): MethodResult<'features.catalogue'>['features'][number]['governs'] {
  return usesOf(entry).flatMap(({ operation, field, values }) => {
    const named = entry.method ?? methodOf(namespace, operation);
    if (named === null) return [];
    const shown = entry.method === undefined ? (field ?? null) : null;
    return [{ method: named, field: shown, values: values === undefined ? null : [...values] }];
  });
}

/** The RPC method of a driver operation, in the namespace of its feature set. */
function methodOf(set: 'compute' | 'power', operation: string): string | null {
  const named = METHOD_NAMES.filter((method) => {
    const definition = METHODS[method];
    return 'operation' in definition && definition.operation === operation;
  });
  return named.find((method) => method.startsWith('power.') === (set === 'power')) ?? null;
}
