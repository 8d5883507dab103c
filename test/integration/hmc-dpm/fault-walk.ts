import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { ComputeError, messageOf, type ErrorCode } from '../../../src/common/errors/index.js';
import {
  STEP_CHECKPOINT,
  type AskedChange,
  type Checkpoint,
  type Reconciliation,
  type Target,
} from '../../../src/compute/contract/index.js';
import { HmcSimulator, type HmcFaultInput, type HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import type { WireEntry } from '../../../src/simulators/kit/wire-log.js';
import { Died, DoomedContext } from '../../support/dying.js';
import { eventually } from '../../support/eventually.js';
import type { RecordingContext } from '../../support/operation-context.js';
import { HmcDpmBench, run, type BenchOptions } from './hmc-dpm-bench.js';
import { asGlob, hides, mishapsOf, SLOW_REQUEST_MS, type Mishap } from './mishaps.js';

/** An operation that is walked through, and how things are before it. */
export interface Journey {
  readonly name: string;
  /** Whose state is looked at: a partition that only this journey has. */
  readonly partition: string;
  /** Makes everything as it is before, whatever was there; and says what is asked. */
  readonly prepare: (bench: HmcDpmBench) => Promise<AskedOf>;
  /** Holds for the whole journey: what then is asked for cannot be had. */
  readonly standing?: HmcFaultInput;
  /** What people do where nobody can tell how far it came, before they ask again if they have to. */
  readonly recover?: (bench: HmcDpmBench) => Promise<void> | void;
}

export interface AskedOf {
  readonly change: AskedChange;
  readonly target: Target;
}

/** How an operation ended, in the words of its journal. */
type End =
  | 'done'
  /** It failed, and says that nothing of it stays. */
  | 'nothing'
  /** It failed, and says that people have to look. */
  | 'unclear';

/** What a journey does when nothing befalls it. */
interface Course {
  readonly end: End;
  readonly before: unknown;
  readonly after: unknown;
  /** How often each request that changes something was carried out. */
  readonly writes: ReadonlyMap<string, number>;
  readonly mishaps: readonly Mishap[];
}

const MOST_ATTEMPTS = 10;
/** The backend said nothing about the outcome: the dispatcher asks again. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set([
  'BACKEND_UNREACHABLE',
  'BACKEND_BUSY',
  'BACKEND_TIMEOUT',
  'BACKEND_PROTOCOL',
]);

/**
 * Goes through an operation again and again, each time with another mishap at another of its steps. The steps are those that it
 * takes without one, as the HMC has seen them.
 */
export class FaultWalk {
  readonly #courses = new Map<Journey, Course>();
  #simulator: HmcSimulator | undefined;
  /** Whoever makes things as they are before, in a session of their own. */
  #keeper: HmcDpmBench | undefined;

  constructor(
    private readonly inventory: HmcInventoryInput,
    private readonly options: Pick<BenchOptions, 'images' | 'settings'> = {},
  ) {}

  /** Everything that can befall a journey. */
  async mishaps(journey: Journey): Promise<readonly Mishap[]> {
    return (await this.#course(journey)).mishaps;
  }

  /** Goes through a journey with a mishap. @throws when it leaves anything but what was asked, nothing, or what can be mended */
  async go(journey: Journey, mishap: Mishap): Promise<void> {
    try {
      await this.#go(journey, mishap);
    } catch (error) {
      // What went wrong is not to be found in the next one too.
      await this.stop();
      throw new Error(`${journey.name}: ${mishap.name}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async stop(): Promise<void> {
    await this.#keeper?.closeDrivers();
    await this.#simulator?.stop();
    this.#keeper = undefined;
    this.#simulator = undefined;
    // What other journeys had left there was part of them.
    this.#courses.clear();
  }

  async #go(journey: Journey, mishap: Mishap): Promise<void> {
    const course = await this.#course(journey);
    const trip = await this.#begin(journey, mishap);
    const end = await trip.seeThrough();
    expectNoneTwice(trip.writes(), course, end);
    if (end !== 'unclear') await trip.expectIsAt(end === 'done' ? course.after : course.before, end);
    if (end !== course.end) await trip.askAgain(end, course.after);
    trip.expectNoSessions();
    trip.expectStruck();
  }

  async #course(journey: Journey): Promise<Course> {
    const known = this.#courses.get(journey);
    if (known !== undefined) return known;
    const trip = await this.#begin(journey);
    const before = await trip.look();
    const end = await trip.seeThrough();
    const after = await trip.look();
    const course = { end, before, after, writes: trip.writes(), mishaps: mishapsOf(trip.requests, trip.checkpoints) };
    expect(end).toBe(journey.standing === undefined ? 'done' : 'nothing');
    if (end === 'nothing') expect(after).toEqual(before);
    this.#courses.set(journey, course);
    return course;
  }

  async #begin(journey: Journey, mishap?: Mishap): Promise<Trip> {
    this.#simulator ??= await HmcSimulator.start({ inventory: this.inventory, port: 0 });
    this.#keeper ??= HmcDpmBench.at(this.#simulator, this.options);
    this.#simulator.faults.clear();
    // It has its session before others are counted.
    await this.#keeper.host.operations.queryPower(this.#keeper.context(), 'on');
    const asked = await journey.prepare(this.#keeper);
    this.#simulator.wireLog.clear();
    if (journey.standing !== undefined) this.#simulator.fault(journey.standing);
    return new Trip(journey, this.#simulator, this.#keeper, asked, this.options, mishap);
  }
}

/** One time through a journey. */
class Trip {
  readonly #sessionsBefore: number;
  readonly #fault: number | undefined;
  #hasStruck = true;
  /** That were left by the operation, whoever went on with it. */
  #left: readonly Checkpoint[] = [];

  constructor(
    private readonly journey: Journey,
    private readonly simulator: HmcSimulator,
    private readonly keeper: HmcDpmBench,
    private readonly asked: AskedOf,
    private readonly options: Pick<BenchOptions, 'images' | 'settings'>,
    private readonly mishap: Mishap | undefined,
  ) {
    this.#sessionsBefore = simulator.sessionCount();
    const rule = mishap === undefined ? undefined : ruleOf(mishap);
    this.#fault = rule === undefined ? undefined : simulator.fault(rule);
  }

  /**
   * Sees the operation through as the dispatcher does, over deaths and take-overs: what is unclear is looked after, and goes on
   * where that leaves it. What befell it is over then.
   */
  async seeThrough(): Promise<End> {
    const { mishap, keeper } = this;
    const first = keeper.context();
    let ctx = mishap?.kind === 'death' ? new DoomedContext(first, mishap) : first;
    try {
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
        const failure = await this.#inProcess((bench) => this.#attempt(bench, ctx));
        if (failure === undefined) return 'done';
        const hasBegun = ctx.checkpoints.some(({ name }) => name === STEP_CHECKPOINT);
        if (failure instanceof ComputeError && (!hasBegun || saysNothingIsLeft(failure))) return 'nothing';
        this.#mend();
        ctx = keeper.again(ctx);
        const found = await this.#inProcess((bench) => this.#reconcile(bench, ctx));
        if (found.verdict === 'concluded') return 'done';
        if (found.verdict === 'failed') return saysNothingIsLeft(found.error) ? 'nothing' : 'unclear';
        if (found.verdict !== 'continue') return 'unclear';
        ctx = keeper.again(ctx);
      }
      throw new Error('it never ended');
    } finally {
      this.#mend();
      this.#left = ctx.checkpoints;
    }
  }

  /** Asks once more, now that nothing is in the way. */
  async askAgain(end: End, wanted: unknown): Promise<void> {
    const { mishap, journey, simulator } = this;
    if (mishap?.kind === 'fault' && mishap.rule.kind === 'never-reaches') {
      // What would never come to its end is ended at the HMC.
      for (const { name } of simulator.partitions(journey.partition)) simulator.setStatus(name, 'stopped');
    }
    if (end === 'unclear' && journey.recover !== undefined) {
      simulator.faults.clear();
      await journey.recover(this.keeper);
      const isThere = isDeepStrictEqual(await this.look(), wanted);
      if (isThere) return;
    }
    const failure = await this.#inProcess((bench) => this.#attempt(bench, bench.context()));
    if (failure !== undefined && journey.standing === undefined) throw failure;
    await this.expectIsAt(wanted, `${end}, and was asked again`);
  }

  get requests(): readonly WireEntry[] {
    return this.simulator.wireLog.entries();
  }

  get checkpoints(): number {
    return this.#left.length;
  }

  /** How often each request that changes something was carried out. */
  writes(): Map<string, number> {
    const lines = this.requests
      .filter(({ method, executed }) => method !== 'GET' && executed)
      .map(({ method, path }) => `${method} ${asGlob(path)}`)
      .filter((line) => !/ \/api\/(sessions|jobs|services)/.test(line));
    const times = new Map<string, number>();
    for (const line of lines) times.set(line, (times.get(line) ?? 0) + 1);
    return times;
  }

  /** What the HMC has of it, without what is another in every run. */
  async look(): Promise<unknown> {
    const { simulator, journey } = this;
    const { partition: name } = journey;
    await eventually(() => simulator.partitions(name).every(({ busy }) => !busy), `${name} to come to rest`);
    await this.#forgetUntoldJobs();
    const partitions = simulator.partitions(name).map(({ status, iso, dumps }) => ({
      status,
      iso: iso?.sha256 ?? null,
      dumps: dumps.length,
      // The HMC gives the id out at the first start.
      properties: { ...simulator.properties(name), 'partition-id': null },
      // The HMC makes up addresses.
      nics: simulator.nics(name).map((nic) => ({ ...nic, mac: null })),
      groups: simulator.attachedGroups(name).map((group) => group.name),
    }));
    const seen = asGlob(JSON.stringify({ partitions, leftovers: simulator.leftovers() }));
    // It holds nothing: for what is asked next it is stopped.
    return JSON.parse(seen.replaceAll('"reservation-error"', '"stopped"')) as unknown;
  }

  async expectIsAt(wanted: unknown, end: string): Promise<void> {
    const found = await this.look();
    try {
      expect(found).toEqual(wanted);
    } catch (error) {
      const differences = messageOf(error)
        .split('\n')
        .filter((line) => /^[-+] /.test(line));
      throw new Error(`it ended as ${end}, which is not so:\n${differences.join('\n')}`, { cause: error });
    }
  }

  expectNoSessions(): void {
    const { simulator, mishap } = this;
    if (mishap !== undefined && hides(mishap, 'session')) simulator.dropSessions();
    else if (simulator.sessionCount() > this.#sessionsBefore) throw new Error('a session is left');
  }

  /** How often the HMC is asked for what it has not yet, is another in every run; what is changed is not, but where another fault stands before it. */
  expectStruck(): void {
    const { mishap, journey } = this;
    if (journey.standing !== undefined) return;
    if (!this.#hasStruck && mishap?.kind === 'fault' && mishap.step.method !== 'GET') throw new Error('it was not met');
  }

  /** A process of its own, with a session of its own. */
  async #inProcess<T>(work: (bench: HmcDpmBench) => Promise<T>): Promise<T> {
    const { mishap, simulator, options } = this;
    // Of a job whose answer is lost only the HMC tells, whoever listens.
    const tells = mishap?.kind === 'fault' && hides(mishap, 'job');
    const bench = HmcDpmBench.at(simulator, {
      ...options,
      settings: { ...options.settings, ...paceOf(mishap) },
      listens: tells || mishap?.kind === 'deaf',
    });
    try {
      if (tells) await bench.untilHeard();
      const result = await work(bench);
      if (tells) await eventually(() => simulator.jobs().length === 0, 'jobs to be deleted');
      return result;
    } finally {
      await bench.closeDrivers();
    }
  }

  async #attempt({ host }: HmcDpmBench, ctx: RecordingContext): Promise<ComputeError | Died | undefined> {
    const { change, target } = this.asked;
    try {
      await run(host, change.operation, ctx, target, change.params);
      return ctx instanceof DoomedContext && ctx.hasDied ? new Died() : undefined;
    } catch (error) {
      if (error instanceof ComputeError || error instanceof Died) return error;
      throw error;
    }
  }

  async #reconcile({ host }: HmcDpmBench, ctx: RecordingContext): Promise<Reconciliation> {
    const { change, target } = this.asked;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await host.reconcile(ctx, change, target);
      } catch (error) {
        if (!(error instanceof ComputeError) || !UNANSWERED.has(error.code) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  #mend(): void {
    const fault = this.simulator.faults.list().find(({ id }) => id === this.#fault);
    if (fault?.hits === 0) this.#hasStruck = false;
    if (fault !== undefined) this.simulator.faults.remove(fault.id);
  }

  /** What was told to a process that died then, nobody else can know, but the HMC. */
  async #forgetUntoldJobs(): Promise<void> {
    if (this.mishap?.kind !== 'death' || !hides(this.mishap, 'job')) return;
    const told = JSON.stringify(this.#left);
    for (const { uri } of this.simulator.jobs()) if (!told.includes(uri)) await this.keeper.atHmc('DELETE', uri);
  }
}

function saysNothingIsLeft({ outcome }: ComputeError): boolean {
  return outcome === 'not-started' || outcome === 'not-applied';
}

/** What is carried out is not carried out again; but what is taken back may take the same requests. */
function expectNoneTwice(executed: ReadonlyMap<string, number>, { writes }: Course, end: End): void {
  for (const [line, times] of executed) {
    const once = writes.get(line);
    if (once !== undefined && times > once * (end === 'nothing' ? 2 : 1)) {
      throw new Error(`${line} was carried out ${times} times`);
    }
  }
}

function ruleOf(mishap: Mishap): HmcFaultInput | undefined {
  switch (mishap.kind) {
    case 'fault':
      return { ...mishap.rule, ...mishap.step };
    case 'deaf':
      return mishap.rule;
    case 'death':
      return undefined;
  }
}

/** Where something takes for ever, for ever is not long. */
function paceOf(mishap: Mishap | undefined): Record<string, unknown> {
  switch (mishap?.kind === 'fault' ? mishap.rule.kind : undefined) {
    case 'slow':
    case 'endless-body':
      return { request_timeout_ms: SLOW_REQUEST_MS };
    case 'never-reaches':
      return { operation_timeout_ms: 60_000 };
    default:
      return { request_timeout_ms: 5000 };
  }
}
