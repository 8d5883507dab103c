import type { Clock } from '../../../common/clock.js';
import { HmcError } from './hmc-error.js';

/** How long whoever else may wait for a job has for deleting it: operations look at theirs every few seconds. */
const GRACE_MS = 60_000;
/** How long a job may take to end, after the answer that would have named it was lost. */
const LONGEST_JOB_MS = 30 * 60_000;
/** Jobs that are kept in mind; far more than can run at the same time. */
const MOST_NAMED = 10_000;

/** A request under way that begins a job. */
interface Beginning {
  /** Jobs that ended meanwhile: each may be the one that it began. */
  readonly ended: Set<string>;
}

/**
 * Finds the jobs of a session that nobody can ever ask for, since the answer that would have named them was lost, and deletes
 * them after the HMC has told of their end: an ended job stays with it until it is deleted (hmc-dpm.md section 5).
 *
 * The notification may come before the answer. So what is to be thought of a job that no answer has named is decided when every
 * request is over that was under way as it ended. The HMC may tell of the jobs of the user's other sessions too: without a lost answer no job is
 * deleted, and with one only after whoever waits for it elsewhere had the time to.
 */
export class LostJobs {
  readonly #underWay = new Set<Beginning>();
  /** Jobs that an answer has named, and whether they have ended. */
  readonly #named = new Map<string, boolean>();
  /** When answers were lost that would have named a job which was not found yet. */
  #lostAt: number[] = [];
  readonly #deletions = new Set<Promise<void>>();
  readonly #close = new AbortController();

  /** @param remove deletes a job, and never fails; whether it was there */
  constructor(
    private readonly clock: Clock,
    private readonly remove: (uri: string) => Promise<boolean>,
  ) {}

  /** Sends a request that begins a job. @param nameIn what it answers as the job's URI; undefined where there is none; null where it cannot be read */
  async begin<T>(send: () => Promise<T>, nameIn: (answer: T) => string | undefined | null): Promise<T> {
    const beginning: Beginning = { ended: new Set() };
    this.#underWay.add(beginning);
    try {
      const answer = await send();
      const uri = nameIn(answer);
      if (uri === null) this.#lost();
      else if (uri !== undefined) this.#name(uri);
      return answer;
    } catch (error) {
      if (error instanceof HmcError && error.mayHaveRun) this.#lost();
      throw error;
    } finally {
      this.#underWay.delete(beginning);
      for (const uri of beginning.ended) this.#judge(uri);
    }
  }

  /** The HMC tells that a job has ended. */
  ended(uri: string): void {
    if (this.#named.has(uri)) this.#named.set(uri, true);
    for (const { ended } of this.#underWay) ended.add(uri);
    this.#judge(uri);
  }

  /** Whoever was to wait for a job of this session does not, and nobody else can. */
  leave(uri: string): void {
    const hasEnded = this.#named.get(uri);
    if (hasEnded === undefined) return;
    this.#named.delete(uri);
    this.#lost();
    if (hasEnded) this.#judge(uri);
  }

  /** Deletes at once what still waits for it. */
  async close(): Promise<void> {
    this.#close.abort();
    await Promise.all(this.#deletions);
  }

  #name(uri: string): void {
    const hasEnded = [...this.#underWay].some(({ ended }) => ended.has(uri));
    this.#named.set(uri, hasEnded);
    const [oldest] = this.#named.keys();
    if (this.#named.size > MOST_NAMED && oldest !== undefined) this.#named.delete(oldest);
  }

  #lost(): void {
    this.#lostAt.push(this.clock.now());
  }

  /** Decides of a job that has ended, unless an answer that is still to come may name it. */
  #judge(uri: string): void {
    if (this.#named.has(uri) || [...this.#underWay].some(({ ended }) => ended.has(uri))) return;
    const since = this.clock.now() - LONGEST_JOB_MS;
    this.#lostAt = this.#lostAt.filter((at) => at >= since);
    if (this.#lostAt.length === 0) return;
    const deletion = this.#delete(uri).finally(() => this.#deletions.delete(deletion));
    this.#deletions.add(deletion);
  }

  async #delete(uri: string): Promise<void> {
    await this.clock.sleep(GRACE_MS, this.#close.signal).catch(() => undefined);
    // One that is gone was another's, and ours is still to be found.
    if (await this.remove(uri)) this.#lostAt.shift();
  }
}
