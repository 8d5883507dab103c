import { ComputeError, describeIssues, toComputeError, type JsonValue } from '../../common/errors/index.js';
import { METHODS, isMethodName, type MethodName, type RequestGateway, type RequestMeta } from '../contract/index.js';
import type { Operations } from './operations.js';
import type { Reads } from './reads.js';
import type { Answer } from './route.js';
import { isMethodOfKind } from './router.js';
import type { ServiceMethods } from './service-methods.js';

/** The one way in: checks a request against its method's schema and hands it to whoever carries it out. */
export class Gateway implements RequestGateway {
  readonly #operations: Operations;
  readonly #reads: Reads;
  readonly #service: ServiceMethods;

  constructor(parts: { operations: Operations; reads: Reads; service: ServiceMethods }) {
    this.#operations = parts.operations;
    this.#reads = parts.reads;
    this.#service = parts.service;
  }

  async handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    try {
      if (!isMethodName(method)) throw unknownMethod(method);
      // Answers are plain data by construction: zod's output types and JSON out of the journal.
      return (await this.#carryOut(method, check(method, params), meta)) as JsonValue;
    } catch (error) {
      throw toComputeError(error);
    }
  }

  #carryOut(method: MethodName, params: never, meta: RequestMeta): Promise<Answer> | Answer {
    if (isMethodOfKind(method, 'change')) return this.#operations.submit(method, params, meta);
    if (isMethodOfKind(method, 'read')) return this.#reads.run(method, params);
    return this.#service[method](params);
  }
}

/** The checked request; its type is the method's own, which only the method's handler knows. */
function check(method: MethodName, params: unknown): never {
  const checked = METHODS[method].params.safeParse(params ?? {});
  if (checked.success) return checked.data as never;
  const { text, details } = describeIssues(checked.error.issues);
  throw new ComputeError('REQUEST_INVALID', `${method}: ${text}`, { details: { method, mistakes: details } });
}

function unknownMethod(method: string): ComputeError {
  const name = method.slice(0, 100);
  return new ComputeError(
    'REQUEST_INVALID',
    `there is no method ${JSON.stringify(name)}; features.catalogue and the documentation list them`,
    {
      details: { reason: 'unknown_method', method: name },
    },
  );
}
