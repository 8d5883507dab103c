import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeKeyFile } from '../../src/common/key-file.js';
import type { HostOptions } from '../../src/compute/compute.service.js';
import { Secret } from '../../src/common/secret.js';
import { FakeEstate, createFakeDriver } from '../../src/drivers/fake/index.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { emptyDatabase, freshDatabase, type FreshDatabase } from '../support/postgres.js';

type Answer = Record<string, unknown>;

/** Two fake hosts, `one` and `two`, that last as long as this, and workers that serve them from one PostgreSQL database. */
export class EstateBench {
  readonly workers: ComputeBench[] = [];
  #estate = new FakeEstate();
  #driver = createFakeDriver(this.#estate);

  private constructor(
    private readonly database: FreshDatabase,
    private readonly directory: string,
  ) {}

  static async make(): Promise<EstateBench> {
    const directory = mkdtempSync(join(tmpdir(), 'zenova-estate-'));
    makeKeyFile(join(directory, 'key'));
    return new EstateBench(await freshDatabase(), directory);
  }

  /** @param settings of both hosts; `two` has no instances of its own */
  async worker(settings: object = {}, options: Partial<ComputeBenchOptions> = {}): Promise<ComputeBench> {
    const worker = await ComputeBench.start({
      drivers: [this.#driver],
      hosts: [fakeHost('one', settings), fakeHost('two', { ...settings, names: [] })],
      database: { url: new Secret(this.database.url), maxConnections: 4 },
      keyFile: join(this.directory, 'key'),
      ...options,
    });
    this.workers.push(worker);
    return worker;
  }

  /** Names of the instances at a host, without a worker that serves it. */
  namesOf(host: string): string[] {
    return (this.#estate.find(host)?.all() ?? []).map(({ name }) => name);
  }

  /** Hosts and database as at the beginning, and no worker. */
  async clear(): Promise<void> {
    for (const worker of this.workers.splice(0)) await worker.discard();
    await emptyDatabase(this.database);
    this.#estate = new FakeEstate();
    this.#driver = createFakeDriver(this.#estate);
  }

  async remove(): Promise<void> {
    await this.database.drop();
    rmSync(this.directory, { recursive: true });
  }
}

export function fakeHost(name: string, settings: object): HostOptions {
  return {
    name,
    driver: 'fake',
    settings: { instances: 0, initial_state: 'running', ...settings },
    manage: undefined,
    protect: ['protected'],
    protectSelf: true,
  };
}

export async function instancesOf(worker: ComputeBench, host: string): Promise<string[]> {
  const { instances } = (await worker.call('compute.list_instances', { host })) as { instances: Answer[] };
  return instances.map(({ name, power_state: state }) => `${String(name)} ${String(state)}`).toSorted();
}

/** An operation once it is as asked. */
export function seen(
  worker: ComputeBench,
  key: string,
  isSo: (view: Answer) => boolean,
  what: string,
): Promise<Answer> {
  let latest: Answer | undefined;
  return eventually(
    async () => {
      latest = await worker.call('operation.get', { idempotency_key: key }).catch(() => undefined);
      return latest !== undefined && isSo(latest) ? latest : undefined;
    },
    () => `${key} to be ${what}, not ${JSON.stringify(latest)}`,
  );
}

export const inState = (worker: ComputeBench, key: string, state: string): Promise<Answer> =>
  seen(worker, key, (view) => view['state'] === state, state);

export async function childrenOf(worker: ComputeBench, parent: unknown): Promise<Answer[]> {
  const { operations } = (await worker.call('operation.list', { parent })) as { operations: Answer[] };
  return operations;
}
