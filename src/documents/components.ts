import { z } from 'zod';
import { WireErrorSchema } from '../common/errors/index.js';
import {
  FailureSchema,
  InstanceChangeAnswerSchema,
  InstanceInfoSchema,
  InstanceSummarySchema,
  MachineChangeAnswerSchema,
  MachineStateSchema,
  METHODS,
  METHOD_NAMES,
  OperationSchema,
  PlannedStepSchema,
  PowerParametersSchema,
  RelocationAnswerSchema,
  type MethodDefinition,
  type MethodName,
} from '../compute/contract/index.js';
import { CheckSchema } from '../compute/contract/methods/host.js';
import { MachineSchema } from '../compute/contract/methods/machine.js';
import { ProgressSchema } from '../compute/contract/methods/operation.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1 has the one, AsyncAPI 3.0 the other. */
export type Dialect = 'draft-2020-12' | 'draft-7';

/** Names are what generated clients call their types: they stay as they are. */
const SHARED: Readonly<Record<string, z.ZodType>> = {
  Error: WireErrorSchema,
  Failure: FailureSchema,
  Operation: OperationSchema,
  Progress: ProgressSchema,
  PlannedStep: PlannedStepSchema,
  InstanceSummary: InstanceSummarySchema,
  InstanceInfo: InstanceInfoSchema,
  InstanceChange: InstanceChangeAnswerSchema,
  Relocation: RelocationAnswerSchema,
  MachineState: MachineStateSchema,
  MachineChange: MachineChangeAnswerSchema,
  Machine: MachineSchema,
  SavedMachine: METHODS['machine.register'].result,
  PowerParameters: PowerParametersSchema,
  HostCheck: CheckSchema,
  DriverFeatures: METHODS['features.driver'].result,
};
const ANY_JSON = 'JsonValue';

/** `power.soft_off` is `PowerSoftOff`. */
export function typeName(method: string): string {
  return method.replace(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function schemaRef(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

export function paramsRef(method: MethodName): { $ref: string } {
  return schemaRef(paramsName(method));
}

export function resultRef(method: MethodName): { $ref: string } {
  return schemaRef(resultName(method));
}

/** What a method tells before its result; undefined for one that tells nothing. */
export function partRef(method: MethodName): { $ref: string } | undefined {
  return progressOf(method) === undefined ? undefined : schemaRef(partName(method));
}

/**
 * The schemas of all methods by their names, as they stand below `components`, with those of a document itself.
 * Objects of answers stay open: a later version may add fields.
 */
export function schemaComponents(dialect: Dialect, own: Readonly<Record<string, z.ZodType>>): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries({ ...SHARED, ...own })) registry.add(schema, { id });
  for (const method of METHOD_NAMES) {
    const { params, result }: { params: z.ZodType; result: z.ZodType } = METHODS[method];
    // Methods may share a schema, and each has its own name for it.
    registry.add(params.clone(), { id: paramsName(method) });
    const progress = progressOf(method);
    if (progress !== undefined) registry.add(progress, { id: partName(method) });
    const id = resultName(method);
    if (registry.get(result)?.id === id) continue;
    if (registry.has(result))
      throw new Error(`the result of ${method} is another method's too, and needs a name in SHARED`);
    registry.add(result, { id });
  }
  const { __shared: shared, ...schemas } = z.toJSONSchema(registry, {
    io: 'input',
    target: dialect,
    uri: (id) => schemaRef(id).$ref,
    override: ({ zodSchema, jsonSchema }) => {
      // Any JSON is a schema that holds itself; a document says it in a word.
      if (zodSchema._zod.def.type === 'lazy') for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    },
  }).schemas;
  checkShared(shared);
  const named = Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { ...Object.fromEntries(named.map(([id, schema]) => [id, plain(schema)])), [ANY_JSON]: {} };
}

function paramsName(method: MethodName): string {
  return `${typeName(method)}Params`;
}

function partName(method: MethodName): string {
  return `${typeName(method)}Part`;
}

function progressOf(method: MethodName): z.ZodType | undefined {
  const definition: MethodDefinition = METHODS[method];
  return definition.progress;
}

function resultName(method: MethodName): string {
  const { result }: { result: z.ZodType } = METHODS[method];
  const shared = Object.entries(SHARED).find(([, schema]) => schema === result);
  return shared?.[0] ?? `${typeName(method)}Result`;
}

/** Where two schemas meet that hold themselves: only any JSON may be among them. */
function checkShared(shared: unknown): void {
  const { $defs, definitions } = (shared ?? {}) as Partial<Record<'$defs' | 'definitions', Record<string, object>>>;
  const other = Object.values({ ...$defs, ...definitions }).some((schema) => Object.keys(schema).length > 0);
  if (other) throw new Error('a schema that holds itself needs a name in SHARED');
}

/** Without what only a schema that stands alone needs, and without long expressions for what `format` says. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, format } = value as { $ref?: unknown; format?: unknown };
  if (typeof $ref === 'string' && $ref.includes('/__shared#')) return schemaRef(ANY_JSON);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== '$schema' && key !== '$id' && (key !== 'pattern' || format === undefined))
      .map(([key, inner]) => [key, plain(inner)]),
  );
}
