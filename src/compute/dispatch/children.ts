import type { Clock } from '../../common/clock.js';
import { ComputeError, toComputeError, type Effect, type JsonValue } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import { pollUntil } from '../../common/poll.js';
import type { Journal, OperationRecord } from '../../journal/journal.port.js';
import { isLeaseLost, type MethodNameOfKind, type OperationContext } from '../contract/index.js';

/** One part of a parent's work. */
export interface Child {
  readonly method: MethodNameOfKind<'change'>;
  readonly params: Readonly<Record<string, JsonValue>>;
  /** Tells it from its siblings, in this attempt and in every other one. */
  readonly part: string;
  /** For people: the instance it is about. */
  readonly name: string;
}

/** What children need of the dispatcher. */
export interface ChildOperations {
  /** Accepts a child, once for its key. @throws ComputeError when it is refused, or has failed already */
  accept(parent: OperationRecord, fence: number, child: Child, requestKey: string): Promise<void>;
  cancel(id: OperationId): Promise<unknown>;
}

export interface ChildrenPorts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly operations: ChildOperations;
}

/** What became of one child. */
export interface ChildFailure {
  readonly name: string;
  readonly operation_id: string | null;
  readonly code: string;
  readonly message: string;
  readonly outcome: Effect;
}

/** How often the same part may be done over, when an instance is there again after it. */
const MAX_ROUNDS = 3;
const PAGE = 500;
/** A day; nothing runs for longer. */
const LONGEST_MS = 86_400_000;

/**
 * The children of one parent operation. Each has a key that follows from its parent's id and its part, so that whoever
 * carries the parent on finds the same ones.
 */
export class Children {
  readonly #ports: ChildrenPorts;
  readonly #parent: OperationRecord;
  /** Those that were not even accepted, by part. */
  readonly #refused = new Map<string, ChildFailure>();

  private constructor(ports: ChildrenPorts, parent: OperationRecord) {
    this.#ports = ports;
    this.#parent = parent;
  }

  static async of(ports: ChildrenPorts, parentId: OperationId): Promise<Children> {
    const parent = await ports.journal.findById(parentId);
    if (parent === undefined) throw new ComputeError('INTERNAL', `operation ${parentId} is not in the journal`);
    return new Children(ports, parent);
  }

  /**
   * Sees to it that each of these parts is done or under way; what has failed stays so.
   *
   * @returns how many are under way
   */
  async begin(ctx: OperationContext, children: readonly Child[]): Promise<number> {
    const known = new Map((await this.all()).map((record) => [record.requestKey, record]));
    let underWay = 0;
    for (const child of children) {
      const key = this.#nextKey(child.part, known);
      if (key === undefined || this.#refused.has(child.part)) continue;
      underWay += 1;
      if (known.has(key)) continue;
      // Whoever no longer has the parent begins no child either.
      await ctx.beginStep({ name: 'child', description: `${child.method} of ${child.name}`, requestTimeoutMs: 0 });
      try {
        await this.#ports.operations.accept(this.#parent, ctx.fence, child, key);
      } catch (error) {
        const cause = toComputeError(error);
        if (cause.code === 'JOURNAL_UNAVAILABLE' || isLeaseLost(cause)) throw cause;
        underWay -= 1;
        this.#refused.set(child.part, failureOf(child.name, null, cause));
      }
    }
    return underWay;
  }

  /** Waits until every child has its outcome. */
  async ended(ctx: OperationContext): Promise<void> {
    const probe = async (): Promise<true | undefined> => {
      const all = await this.all();
      const left = all.filter(({ finishedAt }) => finishedAt === null).length;
      if (left === 0) return true;
      const over = all.length - left;
      ctx.progress(`${over} of ${all.length} instances are through`, Math.floor((100 * over) / all.length));
      return undefined;
    };
    await pollUntil(probe, {
      clock: this.#ports.clock,
      signal: ctx.signal,
      intervalMs: 20,
      maxIntervalMs: 500,
      timeoutMs: LONGEST_MS,
      what: 'every part of the operation to end',
    });
  }

  async cancel(): Promise<void> {
    for (const { id, finishedAt } of await this.all()) {
      if (finishedAt === null) await this.#ports.operations.cancel(id);
    }
  }

  async failures(): Promise<ChildFailure[]> {
    const ended = (await this.all()).flatMap(({ id, name, error }) =>
      error === null ? [] : [failureOf(name, id, ComputeError.fromWire(error))],
    );
    return [...ended, ...this.#refused.values()];
  }

  /** In order of acceptance. */
  async all(): Promise<OperationRecord[]> {
    const all: OperationRecord[] = [];
    for (;;) {
      const last = all.at(-1);
      const page = await this.#ports.journal.list({
        parentId: this.#parent.id,
        limit: PAGE,
        ...(last === undefined ? {} : { beforeId: last.id }),
      });
      all.push(...page);
      if (page.length < PAGE) return all.reverse();
    }
  }

  /** The key under which a part is under way or may begin; undefined when it has failed, or was done often enough. */
  #nextKey(part: string, known: ReadonlyMap<string, OperationRecord>): string | undefined {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const key = `${this.#parent.id}/${round}/${part}`;
      const record = known.get(key);
      if (record === undefined || record.finishedAt === null) return key;
      if (record.error !== null) return undefined;
    }
    return undefined;
  }
}

function failureOf(name: string, id: OperationId | null, error: ComputeError): ChildFailure {
  return { name, operation_id: id, code: error.code, message: error.message, outcome: error.outcome };
}
