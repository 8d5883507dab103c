import { pause, type Clock } from '../kit/clock.js';
import type { Answer, ReceivedRequest, RequestHead } from '../kit/https-listener.js';
import type { WireOutcome } from '../kit/wire-log.js';
import { htmlAnswer, spoilAnswer, toAnswer } from './answers.js';
import { errorBody, HmcError, refuse } from './hmc-error.js';
import {
  isAnswer,
  isDelay,
  isFulfilment,
  isGate,
  isOperation,
  type DelayFault,
  type GateFault,
  type HmcFaults,
  type HmcFaultTarget,
} from './hmc-faults.js';
import type { HmcWireLog } from './hmc-wire-log.js';
import type { Hmc } from './hmc.js';
import { IsoUpload } from './iso-upload.js';
import { Query } from './query.js';
import { hmcRoutes } from './resources/index.js';
import { parseBody, Router, type Call, type InnerRequest, type Reply } from './router.js';

const SESSION_DIGITS_LOGGED = 8;

/** One request on its way through. */
interface Exchange {
  readonly request: ReceivedRequest;
  readonly target: HmcFaultTarget;
  readonly sessionId: string | undefined;
  readonly user: string | null;
  /** Kinds of the faults that have struck so far. */
  readonly struck: string[];
  /** Completes the record in the wire log. */
  readonly record: (outcome: WireOutcome) => void;
}

type BodyAnswer = Answer & { kind: 'body' };

/** From request to answer: wire log, faults, session, route, handler. */
export class HmcApi {
  readonly #router = new Router(hmcRoutes);
  #abort = new AbortController();

  constructor(
    private readonly hmc: Hmc,
    private readonly faults: HmcFaults,
    private readonly wireLog: HmcWireLog,
    private readonly clock: Clock,
    private readonly isoFolder: string | null,
  ) {}

  /** The sink of an upload; whoever may not upload is told so only when it is through, as a stream cannot be answered. */
  sinkFor({ method, path }: RequestHead): IsoUpload | null {
    const isUpload = this.#router.find(method, path)?.route.isUpload === true;
    return isUpload ? new IsoUpload(this.isoFolder, this.hmc.settings.max_iso_bytes) : null;
  }

  async serve(request: ReceivedRequest): Promise<Answer> {
    const exchange = this.#open(request);
    const answer = await this.#process(exchange);
    await uploadOf(request)?.discard();
    exchange.record({ status: answer.kind === 'reset' ? null : answer.status, faults: exchange.struck });
    return answer;
  }

  /** Requests that are being delayed end without execution and without answer. */
  abortPending(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  #open(request: ReceivedRequest): Exchange {
    const sessionId = request.headers['x-api-session']?.toString();
    const target = this.#targetOf(request);
    const user = this.hmc.sessions.find(sessionId)?.user.name ?? logonUser(request);
    const complete = this.wireLog.open({
      at: new Date(this.clock.now()).toISOString(),
      method: request.method,
      path: request.path,
      query: request.query,
      session: sessionId?.slice(0, SESSION_DIGITS_LOGGED) ?? null,
      subject: target.partition,
    });
    complete({ user });
    return { request, target, sessionId, user, struck: [], record: (outcome) => void complete(outcome) };
  }

  async #process(exchange: Exchange): Promise<Answer> {
    if (!(await this.#delay(exchange, 'before'))) return { kind: 'reset' };
    const gate = this.#strike(exchange, isGate);
    if (gate !== null) return this.#stopAt(gate, exchange);
    const answer = this.#execute(exchange);
    if (!(await this.#delay(exchange, 'after'))) return { kind: 'reset' };
    const spoiler = this.#strike(exchange, isAnswer);
    return spoiler === null ? answer : spoilAnswer(answer, spoiler);
  }

  #strike<K extends Parameters<HmcFaults['add']>[0]>(
    { target, struck }: Exchange,
    isWanted: (fault: Parameters<HmcFaults['add']>[0]) => fault is K,
  ): K | null {
    const fault = this.faults.take(target, isWanted);
    if (fault !== null) struck.push(fault.kind);
    return fault;
  }

  /**
   * False when the simulator was stopped meanwhile. A caller that hangs up changes nothing: the request has arrived,
   * and an HMC that is slow executes it late.
   */
  async #delay(exchange: Exchange, when: DelayFault['when']): Promise<boolean> {
    const slow = this.#strike(exchange, isDelay(when));
    if (slow === null) return true;
    const { signal } = this.#abort;
    await pause(this.clock, slow.delay_ms, signal);
    return !signal.aborted;
  }

  #stopAt(gate: GateFault, exchange: Exchange): Answer {
    const { sessions, settings } = this.hmc;
    switch (gate.kind) {
      case 'connection-reset':
        return { kind: 'reset' };
      case 'html-error':
        return htmlAnswer(gate.status, gate.text);
      case 'session-expired': {
        const session = sessions.find(exchange.sessionId);
        if (session !== undefined) sessions.drop(session);
        return this.#refusal(refuse.deadSession(), exchange);
      }
      case 'logon-refused':
        return this.#refusal(sessions.refuse(exchange.user ?? ''), exchange);
      case 'busy':
        return this.#refusal(refuse.busy(exchange.target.partition ?? exchange.request.path), exchange);
      case 'unavailable':
        return this.#refusal(new HmcError(503, settings.unavailable_reason, 'The HMC is not ready'), exchange);
      case 'error':
        return this.#refusal(new HmcError(gate.status, gate.reason, gate.message), exchange);
    }
  }

  #execute(exchange: Exchange): BodyAnswer {
    try {
      const reply = this.#reply(exchange);
      exchange.record({ executed: true });
      return toAnswer(reply);
    } catch (error) {
      return this.#refusal(error, exchange);
    }
  }

  #reply(exchange: Exchange): Reply {
    const { request, sessionId } = exchange;
    if (request.body === null) throw new HmcError(413, 1, 'The request body is too large');
    const match = this.#router.find(request.method, request.path);
    if (match?.route.isPublic === true) return match.route.handle(this.#call(exchange, match), this.hmc);
    // A stranger does not learn which paths exist.
    const session = this.hmc.sessions.use(sessionId);
    if (match === null) throw refuse.notFound(request.path);
    return match.route.handle({ ...this.#call(exchange, match), session }, this.hmc);
  }

  #call(exchange: Exchange, { route, params }: NonNullable<ReturnType<Router['find']>>): Call {
    const { request } = exchange;
    return {
      path: request.path,
      params,
      query: Query.parse(request.query, route.query ?? []),
      body: parseBody(request),
      bodyBytes: request.body?.length ?? 0,
      upload: uploadOf(request),
      carryOut: (inner) => this.#carryOut(inner, exchange),
      takeOperationFault: () => this.#strike(exchange, isOperation),
      takeFulfilmentFault: (group, volume) => this.#strike(exchange, isFulfilment(group, volume)),
    };
  }

  /** One request of an aggregation: in its session, without a line of its own in the log, and without faults at the gate. */
  #carryOut({ method, uri, body }: InnerRequest, outer: Exchange): Reply {
    const [path = '', query = ''] = uri.split('?', 2);
    const request: ReceivedRequest = {
      ...outer.request,
      method,
      path,
      query,
      body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
    };
    const exchange = { ...outer, request, target: this.#targetOf(request) };
    try {
      const match = this.#router.find(method, path);
      const isAlone = match?.route.isPublic === true || match?.route.isUpload === true || path === outer.request.path;
      if (match === null || isAlone) throw refuse.notFound(path);
      return this.#reply(exchange);
    } catch (error) {
      const refusal = asHmcError(error);
      return { status: refusal.status, body: errorBody(refusal, request, outer.user) };
    }
  }

  #refusal(error: unknown, { request, user }: Exchange): BodyAnswer {
    const refusal = asHmcError(error);
    return toAnswer({ status: refusal.status, body: errorBody(refusal, request, user) });
  }

  #targetOf({ method, path }: ReceivedRequest): HmcFaultTarget {
    const [, , collection, id] = path.split('/', 4);
    const subject =
      collection === 'partitions'
        ? this.hmc.estate.partition(id ?? '')
        : collection === 'logical-partitions'
          ? this.hmc.estate.logicalPartition(id ?? '')
          : collection === 'jobs'
            ? this.hmc.jobs.find(`/api/jobs/${id ?? ''}`)?.subject
            : undefined;
    return { method, path, partition: subject?.name ?? null, cpc: subject?.cpc.name ?? null };
  }
}

/** What is not an HmcError is a defect of the simulator and becomes a 500. */
const asHmcError = (error: unknown): HmcError =>
  error instanceof HmcError ? error : new HmcError(500, 0, 'Internal error of the simulator');

const uploadOf = ({ sink }: ReceivedRequest): IsoUpload | null => (sink instanceof IsoUpload ? sink : null);

/** Who tries to log on, for the log. */
function logonUser(request: ReceivedRequest): string | null {
  if (request.method !== 'POST' || request.path !== '/api/sessions') return null;
  try {
    const body = parseBody(request);
    const userid = typeof body === 'object' && body !== null && 'userid' in body ? body.userid : null;
    return typeof userid === 'string' ? userid.slice(0, 64) : null;
  } catch {
    return null;
  }
}
