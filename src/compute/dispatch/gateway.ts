import { ComputeError, describeIssues, toComputeError, type JsonValue } from '../../common/errors/index.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import type { MachineRecord, MachineStore } from '../../journal/machine-store.port.js';
import {
  METHODS,
  isMethodName,
  type AuditLog,
  type MethodName,
  type RequestGateway,
  type RequestMeta,
} from '../contract/index.js';
import { operationFact, requestFact } from './audit-facts.js';
import { NOWHERE, isAboutPlaces, type CallerRules, type Place } from './caller-rules.js';
import type { Destination } from './destination.js';
import type { Operations } from './operations.js';
import { placeOfMachine, placeOfOperation } from './places.js';
import type { PowerSweep } from './power-sweep.js';
import type { Reads } from './reads.js';
import type { Answer } from './route.js';
import { isMethodOfKind } from './router.js';
import type { Access, ServiceMethods } from './service-methods.js';

export interface GatewayParts {
  readonly operations: Operations;
  readonly reads: Reads;
  readonly sweep: PowerSweep;
  readonly service: ServiceMethods;
  readonly rules: CallerRules;
  readonly machines: MachineStore;
  readonly audit: AuditLog;
}

/**
 * The one way in: checks a request against its method's schema and against the caller rules, and hands it to whoever
 * carries it out. What is refused here has caused no traffic and is not in the journal.
 */
export class Gateway implements RequestGateway {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  async handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    if (!isMethodName(method)) throw unknownMethod(method);
    let request: Destination = {};
    let isAccepted = false;
    const accepted = (): void => {
      isAccepted = true;
      meta.accepted();
    };
    try {
      const checked = check(method, params);
      request = checked;
      const machine = await this.#admit(method, request, meta);
      // Answers are plain data by construction: zod's output types and JSON out of the journal.
      return (await this.#carryOut(method, checked, machine, { ...meta, accepted })) as JsonValue;
    } catch (error) {
      const failure = toComputeError(error);
      if (!isAccepted && isRefusal(method, request, failure)) {
        this.#parts.audit.write(requestFact('refused', method, meta, request, failure));
      }
      throw failure;
    }
  }

  /**
   * What acts on an operation is judged by where that operation acts, once it is looked up: see {@link #accessOf}.
   *
   * @returns the registered machine that was looked up for the rules, so that what they allowed is what is done
   */
  async #admit(method: MethodName, request: Destination, meta: RequestMeta): Promise<MachineRecord | undefined> {
    const { rules, audit, machines } = this.#parts;
    const isOfPlaces = isAboutPlaces(method, request.host);
    let machine: MachineRecord | undefined;
    if (rules.areGiven) {
      machine = request.machine === undefined ? undefined : await machines.find(request.machine);
      const refusal = isOfPlaces
        ? rules.refusalAnywhere(meta.requestedBy, method)
        : placesOf(request, machine)
            .map((place) => rules.refusal(meta.requestedBy, method, place))
            .find((refused) => refused !== undefined);
      if (refusal !== undefined) throw refusal;
    }
    if (isMethodOfKind(method, 'control') && !isOfPlaces) audit.write(requestFact('control', method, meta, request));
    return machine;
  }

  #carryOut(
    method: MethodName,
    params: never,
    machine: MachineRecord | undefined,
    meta: RequestMeta,
  ): Promise<Answer> | Answer {
    const { operations, reads, sweep, service } = this.#parts;
    if (isMethodOfKind(method, 'change')) return operations.submit(method, params, meta, { machine });
    if (method === 'power.query_many') return sweep.run(params, this.#accessOf(method, machine, meta), meta);
    if (isMethodOfKind(method, 'read')) return reads.run(method, params, meta, machine);
    return service[method](params, this.#accessOf(method, machine, meta));
  }

  #accessOf(
    method: MethodName,
    machine: MachineRecord | undefined,
    { requestedBy, correlationId }: RequestMeta,
  ): Access {
    const { rules, audit } = this.#parts;
    const refusal = (operation: OperationRecord): ComputeError | undefined =>
      rules.areGiven ? rules.refusal(requestedBy, method, placeOfOperation(operation)) : undefined;
    return {
      requestedBy,
      sees: (operation) => refusal(operation) === undefined,
      seesMachine: (seen) => rules.refusal(requestedBy, method, placeOfMachine(seen)) === undefined,
      seesEverything: !rules.areGiven,
      machine,
      check: (operation) => {
        const refused = refusal(operation);
        if (refused !== undefined) throw refused;
        if (!isMethodOfKind(method, 'control')) return;
        audit.write({ ...operationFact('control', operation), method, requestedBy, correlationId });
      },
    };
  }
}

/** Where it acts; whoever moves an instance must be allowed to at both ends, whoever changes a machine's type for both. */
function placesOf(request: Destination, known: MachineRecord | undefined): Place[] {
  const { host = null, power_type: powerType = null, machine = null, destination } = request;
  const there = destination === undefined ? [] : [{ ...NOWHERE, host: destination }];
  const named = { host, powerType: powerType ?? known?.powerType ?? null, machine };
  const before = known === undefined || known.powerType === named.powerType ? [] : [placeOfMachine(known)];
  return [named, ...before, ...there];
}

/** The checked request; its type is the method's own, which only the method's handler knows. */
function check(method: MethodName, params: unknown): never {
  const checked = METHODS[method].params.safeParse(params ?? {});
  if (checked.success) return checked.data as never;
  const { text, details } = describeIssues(checked.error.issues);
  throw new ComputeError('REQUEST_INVALID', `${method}: ${text}`, { details: { method, mistakes: details } });
}

/** Was something that changes anything, or that this caller may not ask for, turned down? A change that fails ends. */
function isRefusal(method: MethodName, request: Destination & { plan?: boolean }, error: ComputeError): boolean {
  if (error.code === 'FORBIDDEN' && error.details['reason'] === 'caller') return true;
  if (error.code === 'SHUTTING_DOWN') return false;
  if (isMethodOfKind(method, 'control')) return true;
  if (!isMethodOfKind(method, 'change') || request.plan === true) return false;
  return error.operationId === undefined || error.code === 'DUPLICATE_OPERATION';
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
