import {
  VIRT_FEATURES,
  type CatalogueEntry,
  type FieldUse,
  type VirtFeatureId,
} from '../../../../src/features/index.js';
import type { VirtSubject } from '../../subject.js';
import type { MissingRequest } from '../negative.js';
import { requestFor, virtMethodOf, type Request } from './requests.js';

type Missing = MissingRequest<VirtSubject>;

/** Every way to ask for a feature that the catalogue knows, as far as the contract has the method for it. */
export function missingVirt(feature: VirtFeatureId): Missing[] {
  const { operations, uses }: CatalogueEntry = VIRT_FEATURES[feature];
  if (uses !== undefined) return uses.flatMap((use) => byField(feature, use));
  return operations.flatMap((operation) => byOperation(feature, operation));
}

function byOperation(feature: string, operation: string): Missing[] {
  const method = virtMethodOf(operation);
  if (method === undefined) return [];
  return [{ feature, word: `refused-${operation}`, method, request: (subject) => requestOf(subject, operation) }];
}

function byField(feature: string, use: FieldUse): Missing[] {
  const { operation, field } = use;
  const method = virtMethodOf(operation);
  if (method === undefined) return [];
  return [
    {
      feature,
      word: `refused-${operation}-${field.replaceAll(/[^a-z]+/g, '-')}`,
      method,
      request: async (subject) => withField(await requestOf(subject, operation), use),
    },
  ];
}

async function requestOf(subject: VirtSubject, operation: string): Promise<Request> {
  return requestFor(operation, subject, await subject.instance('running'));
}

/** The request with this field, holding a value that uses the feature. */
function withField(request: Request, { field, values }: FieldUse): Request {
  const value = values === undefined ? SAMPLES[field] : values[0];
  return put(request, field.split('.'), value) as Request;
}

/** Values of fields that use their feature whatever they hold. */
const SAMPLES: Readonly<Record<string, unknown>> = {};

/** The same with a value at a path; what is not there yet on the way is made. */
function put(whole: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value ?? whole;
  const isList = name.endsWith('[]');
  const key = isList ? name.slice(0, -2) : name;
  const object = { ...(whole as object | undefined) };
  const member: unknown = Reflect.get(object, key);
  const next = isList ? [put((member as unknown[] | undefined)?.[0], rest, value)] : put(member, rest, value);
  return next === null || next === undefined ? object : { ...object, [key]: next };
}
