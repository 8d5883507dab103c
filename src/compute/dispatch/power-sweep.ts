import { setMaxListeners } from 'node:events';
import { isoTime, type Clock } from '../../common/clock.js';
import { ComputeError, type JsonValue } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import type {
  MachineFilter,
  MachineObservation,
  MachineRecord,
  MachineStore,
  SeenState,
} from '../../journal/machine-store.port.js';
import {
  correlationOf,
  type CallContext,
  type EventPublisher,
  type Failure,
  type InstanceSummary,
  type MethodParams,
  type MethodResult,
  type Observer,
  type QueryResult,
  type RequestMeta,
} from '../contract/index.js';
import { machineState, seenAnswer } from './answers.js';
import type { ControllerLimits } from './controller-limits.js';
import { ControllerSweep, type SweepAnswer } from './controller-sweep.js';
import { within } from './host-route.js';
import { seenState } from './machine-check.js';
import type { MachineNotes } from './machine-notes.js';
import { isFresh, notRegistered } from './registered-machine.js';
import { machineFilter } from './machine-views.js';
import { placeOfMachine } from './places.js';
import type { Router } from './router.js';
import type { Access } from './service-methods.js';
import { SharedWork } from './shared-work.js';
import { instanceCursor, machineCursor, readInstanceCursor, readMachineCursor } from './sweep-place.js';
import { SweepPage } from './sweep-page.js';
import { limited } from './time-limits.js';
import { visibleMachines } from './visible-machines.js';

export interface PowerSweepOptions {
  readonly router: Pick<Router, 'host' | 'powerTypes'>;
  readonly store: MachineStore;
  readonly notes: MachineNotes;
  readonly limits: ControllerLimits;
  readonly events: EventPublisher;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly log: Log;
}

type Request = MethodParams<'power.query_many'>;
type Page = MethodResult<'power.query_many'>;
/** What the caller may see. */
type Sight = Pick<Access, 'seesMachine' | 'seesEverything'>;

const DEFAULT_LIMIT = 500;
const DEFAULT_TIMEOUT_MS = 20_000;

/** What was found out of a machine: for the answer, and to be written down. */
interface Sighting {
  readonly name: string;
  readonly result: QueryResult;
  readonly observation: MachineObservation | undefined;
}

/** What stands on a page: machines, and names that were asked for and are none's. */
interface Listing {
  readonly unregistered: readonly string[];
  readonly records: readonly MachineRecord[];
  readonly next: string | null;
  readonly total: number | null;
}

/**
 * `power.query_many`: the states of many machines, a page at a time. Machines are asked by controller, in one request where
 * the controller can tell of many, and controllers do not wait for each other.
 */
export class PowerSweep {
  readonly #options: PowerSweepOptions;
  /** Equal looks in flight are one: at the machines of a controller, and at the instances of a host. */
  readonly #looks = new SharedWork<readonly Sighting[]>();
  readonly #lists = new SharedWork<readonly InstanceSummary[]>();

  constructor(options: PowerSweepOptions) {
    this.#options = options;
  }

  run(request: Request, sight: Sight, meta: RequestMeta): Promise<Page> {
    const { clock, log } = this.#options;
    const timeoutMs = timeoutOf(request);
    const overdue = (): ComputeError => timedOut(timeoutMs);
    return limited(clock, clock.now() + timeoutMs, overdue, (signal) => {
      // As many as there are controllers to be asked listen to it.
      setMaxListeners(0, signal);
      const ctx: CallContext = { clock, log: log.child(correlationOf(meta)), signal };
      return request.host === undefined
        ? this.#machines(ctx, request, sight, meta)
        : this.#instances(ctx, request, request.host, meta);
    });
  }

  async #machines(ctx: CallContext, request: Request, sight: Sight, meta: RequestMeta): Promise<Page> {
    const { clock } = this.#options;
    const { unregistered, records, next, total } = await this.#list(request, sight);
    const tell = request.stream === true ? (part: JsonValue) => meta.progress?.(part) : undefined;
    const page = new SweepPage(unregistered.length + records.length, { next, total }, clock, tell);
    unregistered.forEach((name, i) => page.add(i, failed(name, null, notRegistered(name))));
    const places = new Map(records.map(({ name }, i) => [name, unregistered.length + i]));
    const tellOf = (name: string, result: QueryResult): void => page.add(places.get(name) ?? 0, result);

    const now = clock.now();
    const stale: MachineRecord[] = [];
    for (const record of records) {
      const { name, seen } = record;
      if (seen !== null && isFresh(record, seen, request, now)) tellOf(name, known(name, seen));
      else stale.push(record);
    }
    page.begin();
    const observations: MachineObservation[] = [];
    await Promise.all(
      byController(stale).map(async (group) => {
        const look = () => this.#look(ctx, group, meta);
        for (const { name, result, observation } of await this.#looks.run(keyOf(group, request), look)) {
          tellOf(name, result);
          if (observation !== undefined) observations.push(observation);
        }
      }),
    );
    await this.#options.notes.note(observations);
    return page.end();
  }

  /** All instances of a host, in one request to it for each page. */
  async #instances(ctx: CallContext, request: Request, host: string, { trace }: RequestMeta): Promise<Page> {
    const { after, limit = DEFAULT_LIMIT, max_age_ms: maxAgeMs = 0 } = request;
    const place = after === undefined ? undefined : readInstanceCursor(after, host);
    const { driver, host: open } = this.#options.router.host(host);
    const listed = await this.#lists.run(JSON.stringify([timeoutOf(request), maxAgeMs, host]), () =>
      within({ driver: driver.name }, () =>
        open.operations.listInstances(
          { ...ctx, outgoing: this.#options.observer.read({ driver: driver.name, host, trace: trace ?? null }) },
          { maxAgeMs },
        ),
      ),
    );
    const sorted = listed.toSorted(inOrder);
    const left = place === undefined ? sorted : sorted.filter((instance) => inOrder(instance, place) > 0);
    const last = left.length > limit ? left[limit - 1] : undefined;
    return {
      results: left.slice(0, limit).map(({ name, state }) => ({
        machine: null,
        host,
        instance: name,
        ...machineState(state),
        error: null,
      })),
      next: last === undefined ? null : instanceCursor({ host, name: last.name, id: last.id }),
      total: place === undefined ? sorted.length : null,
    };
  }

  async #list(request: Request, sight: Sight): Promise<Listing> {
    const { store } = this.#options;
    const { after, limit = DEFAULT_LIMIT, machines: names } = request;
    const place = after === undefined ? undefined : readMachineCursor(after);
    const filter: MachineFilter = names === undefined ? machineFilter(request) : { names };
    // Names that are none's come first: they have no controller.
    const unregistered =
      names === undefined || (place !== undefined && place.powerType !== '') ? [] : await this.#unregistered(names);
    const waiting = unregistered
      .filter((name) => (place === undefined || name > place.name) && sight.seesMachine({ name, powerType: null }))
      .slice(0, limit + 1);
    const room = limit - waiting.length;
    const list = (last: MachineRecord | undefined, count: number) =>
      store.listByController(filter, last ?? place, count);
    const found = room < 0 ? [] : await visibleMachines(room + 1, (machine) => sight.seesMachine(machine), list);
    const records = this.#wholeControllers(found, room);
    const shown = waiting.slice(0, limit);
    const end = records.at(-1) ?? { powerType: '', controller: '', name: shown.at(-1) ?? '' };
    return {
      unregistered: shown,
      records,
      next: room < 0 || found.length > records.length ? machineCursor(end) : null,
      total: place === undefined && sight.seesEverything ? await this.#count(names, filter) : null,
    };
  }

  #count(names: readonly string[] | undefined, filter: MachineFilter): Promise<number> {
    return names === undefined ? this.#options.store.count(filter) : Promise.resolve(new Set(names).size);
  }

  async #unregistered(names: readonly string[]): Promise<string[]> {
    const found = await this.#options.store.list({ names }, undefined, names.length);
    const registered = new Set(found.map(({ name }) => name));
    return [...new Set(names)].filter((name) => !registered.has(name)).toSorted();
  }

  /** A page ends where a controller's machines do, when they can be asked for in one request and are not the whole page. */
  #wholeControllers(found: readonly MachineRecord[], limit: number): readonly MachineRecord[] {
    const page = found.slice(0, Math.max(0, limit));
    const [beyond] = found.slice(page.length);
    if (beyond === undefined || this.#options.router.powerTypes.get(beyond.powerType)?.queryMany === undefined) {
      return page;
    }
    const whole = page.filter((record) => !isBehindSame(record, beyond));
    return whole.length === 0 ? page : whole;
  }

  /** What is found out of the machines of a controller, in their order. */
  async #look(
    ctx: CallContext,
    group: readonly [MachineRecord, ...MachineRecord[]],
    meta: RequestMeta,
  ): Promise<readonly Sighting[]> {
    const answers = await this.#ask(ctx, group, meta);
    return [...answers].map(([record, answer]) => this.#conclude(record, answer, meta));
  }

  async #ask(
    ctx: CallContext,
    group: readonly [MachineRecord, ...MachineRecord[]],
    { trace }: RequestMeta,
  ): Promise<ReadonlyMap<MachineRecord, SweepAnswer>> {
    const { router, limits, observer } = this.#options;
    const [{ powerType }] = group;
    const type = router.powerTypes.get(powerType);
    if (type !== undefined) {
      const watch = observer.sweep({ driver: powerType, host: null, trace: trace ?? null });
      const answers = await new ControllerSweep({ ...ctx, outgoing: watch.outgoing }, type, group, limits).run();
      watch.end([...answers.values()].map(({ state }) => (state instanceof ComputeError ? state.code : 'ok')));
      return answers;
    }
    const state = new ComputeError('RESOURCE_NOT_FOUND', `there is no power type ${powerType} any more`);
    return new Map(group.map((record) => [record, { state, isNews: false }]));
  }

  #conclude(record: MachineRecord, { state, isNews }: SweepAnswer, { trace }: RequestMeta): Sighting {
    const { name, revision, seen: before } = record;
    if (state instanceof ComputeError) {
      const { code, message } = state;
      const error: Failure = { code, message };
      const observation = { name, revision, status: 'unverified', error, seen: null } as const;
      return { name, result: failed(name, before, error), observation: isNews ? observation : undefined };
    }
    const seen = seenState(state);
    if ((before?.state ?? 'unknown') !== seen.state || (before?.transition ?? null) !== seen.transition) {
      const { events, clock } = this.#options;
      const { state: word, ...data } = machineState(state);
      const place = placeOfMachine(record);
      events.publish({
        kind: 'power',
        host: null,
        name,
        state: word,
        data,
        at: clock.now(),
        trace: trace ?? null,
        place,
      });
    }
    return {
      name,
      result: known(name, seen),
      observation: isNews ? { name, revision, status: 'verified', error: null, seen } : undefined,
    };
  }
}

function timeoutOf({ timeout_ms: timeoutMs = DEFAULT_TIMEOUT_MS }: Request): number {
  return timeoutMs;
}

/** Looks with equal keys are for the same machines, with the same credentials (their revisions say so), for as long. */
function keyOf(group: readonly [MachineRecord, ...MachineRecord[]], request: Request): string {
  const [{ powerType, controller }] = group;
  const machines = group.map(({ name, revision }) => [name, revision]);
  return JSON.stringify([timeoutOf(request), powerType, controller, machines]);
}

function known(machine: string, seen: SeenState): QueryResult {
  return { machine, host: null, instance: null, ...seenAnswer(seen), error: null };
}

function failed(machine: string, seen: SeenState | null, { code, message }: Failure): QueryResult {
  return {
    machine,
    host: null,
    instance: null,
    state: 'unknown',
    transition: null,
    native_state: null,
    observed_at: seen === null ? null : isoTime(seen.observedAt),
    error: { code, message },
  };
}

/** @param records machines of one controller one after the other */
function byController(records: readonly MachineRecord[]): [MachineRecord, ...MachineRecord[]][] {
  const groups: [MachineRecord, ...MachineRecord[]][] = [];
  for (const record of records) {
    const group = groups.at(-1);
    if (group !== undefined && isBehindSame(group[0], record)) group.push(record);
    else groups.push([record]);
  }
  return groups;
}

function isBehindSame(one: MachineRecord, other: MachineRecord): boolean {
  return one.powerType === other.powerType && one.controller === other.controller;
}

function inOrder(one: Pick<InstanceSummary, 'name' | 'id'>, other: Pick<InstanceSummary, 'name' | 'id'>): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  if (one.id === other.id) return 0;
  return one.id < other.id ? -1 : 1;
}

function timedOut(timeoutMs: number): ComputeError {
  return new ComputeError('BACKEND_TIMEOUT', `the controller did not answer within ${timeoutMs / 1000} s`, {
    retry: 'safe',
    outcome: 'not-applied',
  });
}
