import type { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { HttpAnswer } from '../../../connectors/http/index.js';
import { decodeAnswer } from './hmc-answer.js';
import { HmcError } from './hmc-error.js';
import { query } from './hmc-query.js';
import {
  ADDITIONAL_FACTS,
  CpcListSchema,
  CpcPropertiesSchema,
  JobReferenceSchema,
  JobSchema,
  PARTITION_DETAILS,
  PARTITION_FACTS,
  PartitionDetailsSchema,
  PartitionListSchema,
  PartitionSchema,
  VersionSchema,
  type Cpc,
  type CpcProperties,
  type HmcVersion,
  type Job,
  type Partition,
  type PartitionDetails,
  type PartitionItem,
} from './hmc-schemas.js';
import type { HmcLink } from './hmc-link.js';
import { isAtLeast, type HmcCall } from './hmc-call.js';
import { filterParameters, passes, type PartitionFilter } from './partition-filter.js';

const CPC_FACTS = Object.keys(CpcPropertiesSchema.shape);

/** The calls of the Web Services API that the driver makes, in the HMC's words. Each throws HmcError, or the signal's reason. */
export class HmcClient {
  constructor(
    readonly session: HmcLink,
    readonly requestTimeoutMs: number,
    /** The call that the requests are a part of. */
    private readonly call: Pick<CallContext, 'outgoing'> = {},
  ) {}

  /** The same, for the requests of a call. */
  during(call: Pick<CallContext, 'outgoing'>): HmcClient {
    return new HmcClient(this.session, this.requestTimeoutMs, call);
  }

  /** Query API Version: the one call without a session. */
  async version(signal?: AbortSignal): Promise<HmcVersion> {
    const answer = await this.session.anonymous({
      method: 'GET',
      path: '/api/version',
      timeoutMs: this.requestTimeoutMs,
      signal,
      outgoing: this.call.outgoing,
    });
    return decodeAnswer(answer, VersionSchema, false);
  }

  /** List CPC Objects: every CPC the user may see. */
  async cpcs(signal?: AbortSignal): Promise<Cpc[]> {
    return (await this.get('/api/cpcs', CpcListSchema, signal)).cpcs;
  }

  /** Get CPC Properties, those few that are cheap. It may fail for reasons of its own (409,272): never rely on it. */
  async cpcProperties(cpcUri: string, signal?: AbortSignal): Promise<CpcProperties> {
    return await this.getSome(cpcUri, CPC_FACTS, { 'cached-acceptable': 'true' }, CpcPropertiesSchema, signal);
  }

  /**
   * List Permitted Partitions: of every DPM-mode CPC, of one CPC, or those of one name; always one request.
   *
   * @param withFacts also ask for what {@link PARTITION_DETAILS} names, where the HMC can: see {@link listsFacts}
   */
  async partitions(filter: PartitionFilter, withFacts: boolean, signal?: AbortSignal): Promise<PartitionItem[]> {
    const wantsFacts = withFacts && (await this.listsFacts(signal));
    const list = (facts: string | undefined): Promise<{ partitions: PartitionItem[] }> =>
      this.get(
        `/api/console/operations/list-permitted-partitions${query({
          ...filterParameters(filter),
          'additional-properties': facts,
        })}`,
        PartitionListSchema,
        signal,
      );
    const { news } = this.session;
    const moment = news?.moment() ?? 0;
    const { partitions } = await unlessTooOld('List Permitted Partitions', () =>
      wantsFacts
        ? this.#unlessRefused('additional-properties', () => list(ADDITIONAL_FACTS.join(',')), list)
        : list(undefined),
    );
    news?.listed(partitions, wantsFacts && !this.session.refusedQueries.has('additional-properties'), moment);
    return partitions.filter((item) => passes(filter, item));
  }

  /** Does a list of this HMC give facts too? API 4.10 and newer do (hmc-dpm.md section 7). */
  async listsFacts(signal?: AbortSignal): Promise<boolean> {
    if (this.session.refusedQueries.has('additional-properties')) return false;
    return isAtLeast(await this.session.apiVersion({ signal, outgoing: this.call.outgoing }), [4, 10]);
  }

  /** Get Partition Properties. */
  async partition(partitionUri: string, signal?: AbortSignal): Promise<Partition> {
    const { news } = this.session;
    const moment = news?.moment() ?? 0;
    const names = ['name', 'status', 'parent', ...PARTITION_FACTS];
    const partition = await this.getSome(partitionUri, names, {}, PartitionSchema, signal);
    news?.read(partitionUri, partition, moment);
    return partition;
  }

  /** The same, with all that the driver makes use of. */
  async partitionDetails(partitionUri: string, signal?: AbortSignal): Promise<PartitionDetails> {
    return await this.getSome(
      partitionUri,
      ['name', 'status', 'parent', ...PARTITION_DETAILS],
      {},
      PartitionDetailsSchema,
      signal,
    );
  }

  /**
   * Start Partition, Stop Partition. Sent without a body, and not bound to a signal: once it is out, its answer is wanted.
   *
   * @returns the job's URI; undefined when the HMC accepted it without a job
   */
  async operate(partitionUri: string, operation: 'start' | 'stop', timeoutMs: number): Promise<string | undefined> {
    return await this.submit(`${partitionUri}/operations/${operation}`, undefined, timeoutMs);
  }

  /** Query Job Status. */
  async job(jobUri: string, signal?: AbortSignal): Promise<Job> {
    return await this.get(jobUri, JobSchema, signal);
  }

  async cancelJob(jobUri: string): Promise<void> {
    await this.post(`${jobUri}/operations/cancel`);
  }

  /** Deletes an ended job; one that is not deleted stays with the HMC. */
  async deleteJob(jobUri: string): Promise<void> {
    await this.delete(jobUri);
  }

  /** Sends something that changes the HMC; no signal ends it, since its answer is wanted once it is out. */
  async post(path: string, json?: JsonValue, timeoutMs = this.requestTimeoutMs): Promise<HttpAnswer> {
    return await this.request({ method: 'POST', path, ...(json === undefined ? {} : { json }), timeoutMs });
  }

  /** The same, with an answer. @throws HmcError also when it cannot be read */
  async postFor<S extends z.ZodType>(
    path: string,
    json: JsonValue,
    schema: S,
    timeoutMs = this.requestTimeoutMs,
  ): Promise<z.output<S>> {
    return decodeAnswer(await this.post(path, json, timeoutMs), schema, true);
  }

  /**
   * The same, of what is an asynchronous job.
   *
   * @returns the job's URI; undefined when the HMC accepted it without a job
   */
  async submit(path: string, json: JsonValue | undefined, timeoutMs: number): Promise<string | undefined> {
    const body = json === undefined ? {} : { json };
    const answer = await this.request({ method: 'POST', path, ...body, timeoutMs, beginsJob: true });
    if (answer.body.kind === 'empty') return undefined;
    return decodeAnswer(answer, JobReferenceSchema, true)['job-uri'];
  }

  async delete(path: string, timeoutMs = this.requestTimeoutMs): Promise<void> {
    await this.request({ method: 'DELETE', path, timeoutMs });
  }

  /** Any other request, as the session sends it. */
  async request({
    timeoutMs = this.requestTimeoutMs,
    ...call
  }: Omit<HmcCall, 'timeoutMs' | 'outgoing'> & { readonly timeoutMs?: number }): Promise<HttpAnswer> {
    return await this.session.request({ ...call, timeoutMs, outgoing: this.call.outgoing });
  }

  /** Reads something. */
  async get<S extends z.ZodType>(path: string, schema: S, signal?: AbortSignal): Promise<z.output<S>> {
    const answer = await this.request({ method: 'GET', path, signal });
    return decodeAnswer(answer, schema, false);
  }

  /** A GET of some properties; all of them from an HMC that does not know `properties=` or one of the names. */
  async getSome<S extends z.ZodType>(
    uri: string,
    names: readonly string[],
    parameters: Readonly<Record<string, string>>,
    schema: S,
    signal?: AbortSignal,
  ): Promise<z.output<S>> {
    return await this.#unlessRefused(
      'properties',
      () => this.get(`${uri}${query({ properties: names.join(','), ...parameters })}`, schema, signal),
      () => this.get(uri, schema, signal),
    );
  }

  /**
   * A list with more properties than it has by itself; without them from an HMC that cannot give them (before API 4.10; section 7),
   * and then they are undefined.
   */
  async getList<S extends z.ZodType>(
    path: string,
    names: readonly string[],
    schema: S,
    signal?: AbortSignal,
  ): Promise<z.output<S>> {
    const plain = (): Promise<z.output<S>> => this.get(path, schema, signal);
    if (!(await this.listsFacts(signal))) return await plain();
    const properties = query({ 'additional-properties': names.join(',') });
    return await this.#unlessRefused(
      'additional-properties',
      () => this.get(`${path}${properties}`, schema, signal),
      plain,
    );
  }

  /** A question that is sent as a POST and changes nothing. */
  async ask<S extends z.ZodType>(path: string, json: JsonValue, schema: S, signal?: AbortSignal): Promise<z.output<S>> {
    const answer = await this.request({ method: 'POST', path, json, signal, isQuestion: true });
    return decodeAnswer(answer, schema, false);
  }

  /** Older HMCs refuse some query parameters (400,1 and 400,14): asked without it, now and from now on. */
  async #unlessRefused<T>(
    parameter: 'properties' | 'additional-properties',
    ask: () => Promise<T>,
    askWithout: (nothing: undefined) => Promise<T>,
  ): Promise<T> {
    const { refusedQueries } = this.session;
    if (!refusedQueries.has(parameter)) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof HmcError && error.is(400, 1, 14))) throw error;
        refusedQueries.add(parameter);
      }
    }
    return await askWithout(undefined);
  }
}

/**
 * An operation that belongs to the whole console, or to a partition that is there, can only be missing (404) because who is to carry it out
 * is older than it.
 *
 * @param who for people
 */
export async function unlessTooOld<T>(operation: string, work: () => Promise<T>, who = 'this HMC'): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HmcError && error.isNotThere)) throw error;
    throw new HmcError({ kind: 'too-old', changes: false, text: `${who} does not have the operation ${operation}` });
  }
}
