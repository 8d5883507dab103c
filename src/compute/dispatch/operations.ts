import { isoTime, type Clock } from '../../common/clock.js';
import { ComputeError, toComputeError, type JsonValue, type WireError } from '../../common/errors/index.js';
import { newOperationId, type OperationId } from '../../common/ids.js';
import { canonicalJson } from '../../common/json.js';
import type { Log } from '../../common/log.js';
import { pollUntil } from '../../common/poll.js';
import type { Control, Journal, Lease, NewOperation, OperationRecord, SignalLine } from '../../journal/journal.port.js';
import type { MachineRecord } from '../../journal/machine-store.port.js';
import {
  isMethodName,
  type AuditLog,
  type ChangeOptions,
  type MethodNameOfKind,
  type MethodParams,
  type OperationView,
  type Outcome,
  type ReplyAddress,
  type ReplySender,
  type RequestMeta,
} from '../contract/index.js';
import { operationFact } from './audit-facts.js';
import type { Child } from './children.js';
import { withoutChangeFields, type Destination } from './destination.js';
import { logOf } from './operation-log.js';
import { OperationLookup, type OperationAccess } from './operation-lookup.js';
import type { OperationRunner } from './operation-runner.js';
import { openHosts, type Answer, type ChangeRoute } from './route.js';
import { isMethodOfKind, type Router } from './router.js';
import type { TargetFinder } from './target-finder.js';
import { deadlineExceeded, notAfter } from './time-limits.js';
import type { WorkerLease } from './worker-lease.js';

export interface OperationsOptions {
  readonly journal: Journal;
  readonly lease: WorkerLease;
  readonly signals: SignalLine;
  readonly clock: Clock;
  readonly log: Log;
  /** Keyed digest, by which a repeat is told from another request under its key. */
  readonly fingerprint: (text: string) => string;
  readonly replies: ReplySender;
  readonly audit: AuditLog;
  readonly targets: TargetFinder;
  /** Is so much unfinished that nothing more should come in? */
  readonly isFull: () => boolean;
  /** An accepted operation that has not begun so long after a restart never does. */
  readonly startWithinMs: number;
}

/** A deadline can be a day at most; nothing runs for longer. */
const LONGEST_OPERATION_MS = 86_400_000;

type ChangeRequest = Destination & ChangeOptions;

export interface SubmitOptions {
  /** The lease of the operation that this one is a part of. */
  readonly parent?: Lease | null;
  /** The machine that it names, when it has been looked up already. */
  readonly machine?: MachineRecord | undefined;
}

/** Accepts changing requests into the journal, joins repeats to what they repeat, and takes up what a restart left. */
export class Operations {
  readonly #router: Router;
  readonly #runner: OperationRunner;
  readonly #options: OperationsOptions;
  readonly #lookup: OperationLookup;
  readonly #life = new AbortController();
  /** On their way into the journal. */
  readonly #accepting = new Set<OperationId>();

  constructor(router: Router, runner: OperationRunner, options: OperationsOptions) {
    this.#router = router;
    this.#runner = runner;
    this.#options = options;
    this.#lookup = new OperationLookup(options.journal);
  }

  /**
   * @returns the outcome, or with `wait: accepted` the receipt; a failed outcome is thrown
   */
  async submit(
    method: MethodNameOfKind<'change'>,
    request: ChangeRequest,
    meta: RequestMeta,
    { parent = null, machine }: SubmitOptions = {},
  ): Promise<Answer> {
    const parentId = parent?.operationId ?? null;
    const { journal, clock } = this.#options;
    const now = clock.now();
    const until = notAfter(request, meta.sentAt, now);
    const routed = () => this.#router.change(method, request, meta.requestedBy, machine);
    if (request.plan === true) return this.#options.targets.plan(await routed(), meta);

    const requestKey = request.idempotency_key ?? meta.requestId;
    refuseUnstorable({ 'the name of the request': requestKey, 'its correlation id': meta.correlationId });
    const fingerprint = this.#options.fingerprint(canonicalJson([method, withoutChangeFields(request)]));
    const known = await journal.findByKey(meta.requestedBy, requestKey);
    if (known !== undefined) return this.#join(known, fingerprint, request, meta);

    if (until !== null && until <= now) throw deadlineExceeded(method);
    if (meta.isDirect === true && this.#options.isFull()) throw busy();
    const route = await routed();
    const target = await this.#options.targets.find(route, method, until, meta);
    const id = newOperationId();
    this.#accepting.add(id);
    try {
      const operation: NewOperation = {
        id,
        requestedBy: meta.requestedBy,
        requestKey,
        fingerprint,
        messageId: meta.messageId,
        correlationId: meta.correlationId,
        method,
        driver: route.driver,
        target: target?.key ?? route.provisionalKey(),
        targetSettled: target !== undefined,
        alsoTargets: target?.also ?? [],
        host: route.host,
        name: route.name,
        params: request as NewOperation['params'],
        replyTo: meta.replyTo,
        acceptedAt: clock.now(),
        notAfter: until,
        parentId,
        trace: meta.trace ?? null,
      };
      const { created, record } = await this.#write(operation, openHosts(route, parentId), parent);
      if (!created) return await this.#join(record, fingerprint, request, meta);
      this.#options.audit.write(operationFact('accepted', record));
      const outcome = this.#runner.enqueue(record, route, target);
      meta.accepted();
      await this.preempt(record);
      return request.wait === 'accepted' ? receipt(record) : answerOf(await outcome);
    } finally {
      this.#accepting.delete(id);
    }
  }

  /** Accepts a part of an operation, for its caller, within its time. */
  async acceptChild(
    parent: OperationRecord,
    fence: number,
    { method, params }: Child,
    requestKey: string,
  ): Promise<void> {
    const { requestedBy, correlationId, notAfter: until } = parent;
    const time = until === null ? {} : { not_after: isoTime(until) };
    const request = { ...params, ...time, idempotency_key: requestKey, wait: 'accepted' } as const;
    const meta = { requestId: requestKey, messageId: null, correlationId: correlationId ?? parent.id, requestedBy };
    const edges = { sentAt: null, replyTo: null, trace: parent.trace ?? undefined, accepted: () => undefined };
    await this.submit(method, request, { ...meta, ...edges }, { parent: { operationId: parent.id, fence } });
  }

  async get(reference: MethodParams<'operation.get'>, access: OperationAccess): Promise<OperationView> {
    return this.#runner.view(await this.#lookup.find(reference, access, 'anybody'));
  }

  /** A page may be shorter than its limit, by what the caller may not see. */
  async list(
    filter: MethodParams<'operation.list'>,
    access: OperationAccess,
  ): Promise<{ operations: OperationView[]; next: string | null }> {
    const { seen, next } = await this.#lookup.page(filter, access);
    return { operations: seen.map((record) => this.#runner.view(record)), next };
  }

  /** @throws ComputeError STATE_CONFLICT when it has its outcome already */
  async cancel(reference: MethodParams<'operation.cancel'>, access: OperationAccess): Promise<OperationView> {
    const record = await this.#lookup.find(reference, access, 'own');
    if (record.finishedAt !== null || !(await this.control(record.id, 'cancel'))) {
      throw new ComputeError('STATE_CONFLICT', `operation ${record.id} has ended: ${record.state}`, {
        operationId: record.id,
        target: record.target,
      });
    }
    return this.view(await this.#outcomeOf(record));
  }

  view(record: OperationRecord): OperationView {
    return this.#runner.view(record);
  }

  /**
   * Cancels what waits or runs on an operation's target and came before it, when it was asked to. Never fails: the operation
   * is accepted whatever becomes of this, and then waits for its turn like any other.
   */
  async preempt({ id, target, seq, params }: OperationRecord): Promise<void> {
    if (params['preempt'] !== true) return;
    try {
      // What waits goes before what runs, whose end would let it begin.
      for (const other of (await this.#options.journal.unfinishedOn(target)).reverse()) {
        if (other.id !== id && (other.seq < seq || other.state === 'running')) await this.control(other.id, 'cancel');
      }
    } catch (error) {
      this.#options.log.error('an operation could not cancel what is before it', { operation_id: id, err: error });
    }
  }

  /** Is it being accepted at this moment? */
  isAccepting(id: OperationId): boolean {
    return this.#accepting.has(id);
  }

  /** Written down first, so that whoever has the operation, or comes to have it, carries it out; false when it has ended. */
  async control(id: OperationId, control: Control): Promise<boolean> {
    const { journal, signals, clock } = this.#options;
    if (!(await journal.requestControl(id, control, clock.now()))) return false;
    if (this.#runner.has(id)) this.#runner.control(id, control);
    else signals.send({ kind: 'control', operationId: id, control });
    return true;
  }

  async #write(
    operation: NewOperation,
    openHosts: readonly string[],
    parent: Lease | null,
  ): Promise<{ created: boolean; record: OperationRecord }> {
    const { journal, lease } = this.#options;
    try {
      return await journal.accept(operation, lease.id, openHosts, parent);
    } catch (error) {
      const cause = toComputeError(error);
      if (cause.code !== 'JOURNAL_UNAVAILABLE') throw cause;
      // The answer may be lost and not the operation, which then is found and carried out.
      throw new ComputeError(cause.code, `${cause.message}; ask operation.get whether the request was accepted`, {
        cause,
        retry: 'after-reconcile',
        outcome: 'unknown',
        operationId: operation.id,
      });
    }
  }

  /** Takes up an operation that an earlier process left, or another worker. */
  takeUp(record: OperationRecord): void {
    const { audit } = this.#options;
    const log = logOf(this.#options.log, record);
    log.info(`taking up ${record.method} of ${record.name}, ${record.state} before`);
    // Whoever accepted it may not have lived to tell.
    audit.write(operationFact('taken_up', record));
    const to = waitingFor(record);
    const finished = to === null ? undefined : this.#options.replies.showLife(to);
    void this.#outcomeAfterRestart(record)
      .finally(finished)
      .then((concluded) => this.replyLate(concluded))
      .catch((error: unknown) => {
        if (toComputeError(error).code === 'SHUTTING_DOWN') return;
        log.error('an operation of before the restart could not be taken up', { err: error });
      });
  }

  async #outcomeAfterRestart(record: OperationRecord): Promise<OperationRecord> {
    const { clock, startWithinMs } = this.#options;
    const refuse = (error: ComputeError): Promise<OperationRecord> => this.#runner.refuse(record, error);
    if (record.state === 'accepted' && record.acceptedAt + startWithinMs < clock.now()) {
      return refuse(deadlineExceeded(record.method));
    }
    try {
      const outcome = this.#runner.enqueue(record, await this.#routeOf(record));
      if (record.state === 'accepted') await this.preempt(record);
      return await outcome;
    } catch (error) {
      const cause = toComputeError(error);
      // What cannot be read now, for want of a key say, is left until it can be, and not given up.
      if (cause.code === 'SHUTTING_DOWN' || cause.code === 'JOURNAL_UNAVAILABLE') throw cause;
      if (record.state === 'accepted') return refuse(cause);
      return refuse(
        new ComputeError('OUTCOME_UNKNOWN', `it cannot be looked after any more: ${cause.message}`, { cause }),
      );
    }
  }

  #routeOf({ method, params, requestedBy }: OperationRecord): Promise<ChangeRoute> {
    if (!isMethodName(method) || !isMethodOfKind(method, 'change')) {
      throw new ComputeError('REQUEST_INVALID', `this version knows no method ${method}`);
    }
    return this.#router.change(method, params, requestedBy);
  }

  /** Replies to whoever asked for an operation and waits no longer in this process. */
  async replyLate(record: OperationRecord): Promise<void> {
    const to = waitingFor(record);
    if (to !== null) await this.#options.replies.send(to, outcomeOf(record), record.trace);
  }

  /** A repeat: the same request gets the stored outcome, or waits for it with the first. */
  async #join(
    record: OperationRecord,
    fingerprint: string,
    request: ChangeRequest,
    meta: RequestMeta,
  ): Promise<Answer> {
    if (record.fingerprint !== fingerprint) {
      throw new ComputeError(
        'DUPLICATE_OPERATION',
        `operation ${record.id} has this key already, with another request; use a new key for a new request`,
        { operationId: record.id, target: record.target },
      );
    }
    this.#options.audit.write({ ...operationFact('repeated', record), correlationId: meta.correlationId });
    // Its own reply is promised nowhere but in its message, which stays with the broker until the reply is sent; only
    // what came from the very address that the journal holds is answered after a restart in any case.
    if (meta.replyTo === null || canonicalJson(meta.replyTo) === canonicalJson(record.replyTo)) meta.accepted();
    if (record.finishedAt !== null) return answerOf(record);
    if (request.wait === 'accepted') return receipt(record);
    return answerOf(await this.#outcomeOf(record));
  }

  /** The outcome of an operation that waits or runs, here or in another process. */
  #outcomeOf({ id }: OperationRecord): Promise<OperationRecord> {
    return this.until(id, `operation ${id} to end`);
  }

  /** An operation once it has ended, or is as asked, here or in another process. */
  until(id: OperationId, what: string, isSo?: (record: OperationRecord) => Promise<boolean>): Promise<OperationRecord> {
    const { journal, clock } = this.#options;
    const found = async (): Promise<OperationRecord | undefined> => {
      const here = isSo === undefined ? await this.#runner.outcomeOf(id)?.catch(() => undefined) : undefined;
      if (here !== undefined) return here;
      const record = await journal.findById(id).catch(unlessAway);
      if (record === undefined || record.finishedAt !== null) return record;
      return (await isSo?.(record).catch(unlessAway)) === true ? record : undefined;
    };
    return pollUntil(found, {
      clock,
      signal: this.#life.signal,
      intervalMs: 50,
      maxIntervalMs: 2000,
      timeoutMs: LONGEST_OPERATION_MS,
      what,
    });
  }

  /** Nobody waits any longer for what other processes do. */
  stop(): void {
    this.#life.abort(new ComputeError('SHUTTING_DOWN', 'the service stops; ask operation.get after its restart'));
  }
}

/** Other requests are kept by their broker meanwhile. */
function busy(): ComputeError {
  const message = 'too many operations are unfinished (journal.max_accepted); try again later';
  return new ComputeError('BACKEND_BUSY', message, { outcome: 'not-started' });
}

/** PostgreSQL keeps no text with a NUL in it, and nobody means one. @throws ComputeError REQUEST_INVALID */
function refuseUnstorable(texts: Record<string, string>): void {
  for (const [what, text] of Object.entries(texts)) {
    if (text.includes('\0')) throw new ComputeError('REQUEST_INVALID', `${what} holds a NUL character`);
  }
}

/** Whoever waits for an outcome waits for the journal too. */
function unlessAway(error: unknown): undefined {
  if (toComputeError(error).code !== 'JOURNAL_UNAVAILABLE') throw error;
}

/** Where somebody waits for the outcome. */
function waitingFor({ params, replyTo }: OperationRecord): ReplyAddress | null {
  return (params as ChangeRequest).wait === 'accepted' ? null : replyTo;
}

function receipt(record: { readonly id: OperationId }): Answer {
  return { operation_id: record.id, outcome: 'accepted' };
}

function answerOf(record: OperationRecord): Answer {
  if (record.error !== null) throw ComputeError.fromWire(record.error);
  return record.result ?? {};
}

function outcomeOf(record: OperationRecord): Outcome {
  const error: WireError | null = record.error;
  return error === null ? { result: (record.result ?? {}) as JsonValue } : { error };
}
