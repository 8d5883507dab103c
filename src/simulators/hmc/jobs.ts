import { randomUUID } from 'node:crypto';
import type { Changes } from './changes.js';
import { HmcError, refuse } from './hmc-error.js';

export type JobStatus = 'running' | 'cancel-pending' | 'canceled' | 'complete';

export interface JobResult {
  /** HTTP-like; 400 and above is a failure. */
  readonly status: number;
  readonly reason: number;
  readonly message?: string;
  /** More of `job-results`. */
  readonly results?: Readonly<Record<string, unknown>>;
}

/** An asynchronous operation of the HMC (hmc-dpm.md section 5). */
export interface Job {
  readonly uri: string;
  readonly owner: string;
  /** What it works on. */
  readonly subject: { readonly class: string; readonly name: string; readonly cpc: { readonly name: string } };
  status: JobStatus;
  result: JobResult | null;
  /** null: cannot be cancelled. */
  readonly cancel: (() => void) | null;
}

/** The jobs nobody has deleted yet. They belong to the HMC and are gone when it restarts. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();

  constructor(private readonly changes: Changes) {}

  create(job: Pick<Job, 'owner' | 'subject' | 'cancel'>): Job {
    const created: Job = { ...job, uri: `/api/jobs/${randomUUID()}`, status: 'running', result: null };
    this.#jobs.set(created.uri, created);
    return created;
  }

  list(): readonly Readonly<Job>[] {
    return [...this.#jobs.values()];
  }

  /** Throws 404,1 for a job that is gone or belongs to another user. */
  get(uri: string, user: string): Job {
    const job = this.#jobs.get(uri);
    if (job === undefined || job.owner !== user) throw refuse.notFound(uri);
    return job;
  }

  find(uri: string): Job | undefined {
    return this.#jobs.get(uri);
  }

  end(job: Job, status: 'complete' | 'canceled', result: JobResult | null): void {
    job.status = status;
    job.result = result;
    if (this.#jobs.has(job.uri)) this.changes.emit({ kind: 'job', uri: job.uri, owner: job.owner });
  }

  /** On behalf of a user: 409,41 once ended, 409,42 while one is pending, 404,4 for jobs that cannot. */
  cancel(job: Job): void {
    if (job.status === 'cancel-pending') throw new HmcError(409, 42, 'A cancellation is pending already');
    if (job.status !== 'running') throw new HmcError(409, 41, 'The job has ended already');
    if (job.cancel === null) throw refuse.notCancellable();
    job.status = 'cancel-pending';
    job.cancel();
  }

  /** On behalf of a user: 409,40 before the job has ended. */
  delete(job: Job): void {
    if (job.status === 'running' || job.status === 'cancel-pending') {
      throw new HmcError(409, 40, 'The job has not ended');
    }
    this.#jobs.delete(job.uri);
  }

  /** Forgets a job whose operation goes on. */
  lose(job: Job): void {
    this.#jobs.delete(job.uri);
  }

  clear(): void {
    this.#jobs.clear();
  }
}
