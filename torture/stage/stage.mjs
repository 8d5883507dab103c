// Everything that a run needs, each on a free port and in a directory of its own, given back by `close`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '../../scripts/broker.mjs';
import { run } from '../../scripts/environment/run.mjs';
import { osloFlags } from '../callers/oslo-caller.mjs';
import { busyGuests, sites } from '../load/sites.mjs';
import { HMC_PASSWORD, Hmc } from './hmc.mjs';
import { Link } from './link.mjs';
import { Worker } from './worker.mjs';

/** Limits and times of the service under test: short, so that a run meets all of them. */
export const limits = {
  requestTimeoutMs: 1500,
  leaseMs: 3000,
  maxAccepted: 60,
  maxPerTarget: 12,
  prefetch: 16,
  drainTimeoutMs: 15_000,
  startWithinMs: 8000,
};

export class Stage {
  #closing = [];

  /**
   * @param {import('../options.mjs').Options} options
   * @param {string} dist the compiled service
   */
  static async open({ database, workers, partitions }, dist) {
    const stage = new Stage();
    stage.database = database;
    stage.directory = mkdtempSync(join(tmpdir(), 'zenova-torture-'));
    try {
      stage.broker = await startBroker();
      stage.#closing.push(() => stage.broker.stop());
      stage.hmc = await Hmc.start(partitions);
      stage.#closing.push(() => stage.hmc.stop());
      if (database === 'postgres') {
        const { startPostgres } = await import('../../scripts/postgres.mjs');
        stage.postgres = await startPostgres();
        stage.#closing.push(() => stage.postgres.stop());
      }
      // Workers that share a database share its key.
      stage.keyFile = join(stage.directory, 'secrets.key');
      await run(process.execPath, [join(dist, 'main.js'), 'secrets', 'generate', '--output', stage.keyFile]);
      stage.workers = [];
      stage.#closing.push(() => Promise.all(stage.workers.map((worker) => worker.discard())));
      for (let i = 1; i <= workers; i++) stage.workers.push(await stage.#worker(`worker-${i}`, dist));
      await Promise.all(stage.workers.map((worker) => worker.start()));
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get journalFile() {
    return join(this.workers[0].directory, 'journal.db');
  }

  /** The simulated HMC, to look at and to break. */
  get simulator() {
    return this.hmc.simulator;
  }

  async #worker(name, dist) {
    const { hostname, port } = new URL(this.broker.url);
    const amqp = await Link.to(hostname, Number(port));
    const hmc = await Link.to('127.0.0.1', this.simulator.port);
    const links = [amqp, hmc];
    let journalUrl;
    if (this.postgres !== undefined) {
      const to = new URL(this.postgres.url);
      const link = await Link.to(to.hostname, Number(to.port));
      links.push(link);
      to.hostname = '127.0.0.1';
      to.port = String(link.port);
      journalUrl = to.href;
    }
    const worker = new Worker({
      dist,
      name,
      directory: this.directory,
      links,
      environment: { TORTURE_HMC_PASSWORD: HMC_PASSWORD },
      configuration: (httpPort) => this.#configuration(worker, { httpPort, amqp, hmc, journalUrl }),
    });
    Object.assign(worker, { amqpLink: amqp, hmcLink: hmc, databaseLink: links[2] });
    return worker;
  }

  #configuration({ name, directory }, { httpPort, amqp, hmc, journalUrl }) {
    const cpc = (cpcName) => ({
      driver: 'hmc-dpm',
      manage: ['*'],
      settings: {
        endpoint: `127.0.0.1:${hmc.port}`,
        userid: 'zenova',
        password: { env: 'TORTURE_HMC_PASSWORD' },
        cpc: cpcName,
        tls: { fingerprint_sha256: this.simulator.fingerprint256 },
        request_timeout_ms: limits.requestTimeoutMs,
        poll: { initial_ms: 50, max_ms: 250 },
      },
    });
    const fake = (settings) => ({
      driver: 'fake',
      settings: { ...settings, request_timeout_ms: limits.requestTimeoutMs },
    });
    const moving = { instances: 0, initial_state: 'running', change_delay_ms: 30, migrate_delay_ms: 150 };
    const site = (names) => fake({ ...moving, names, busy: busyGuests });
    return {
      server: name,
      state_dir: directory,
      secrets: { key: { file: this.keyFile } },
      amqp: {
        url: this.broker.url.replace(/:\d+$/, `:${amqp.port}`),
        prefetch: limits.prefetch,
        drain_timeout_ms: limits.drainTimeoutMs,
        heartbeat_seconds: 5,
      },
      oslo: { enabled: true, ...osloFlags },
      http: { port: httpPort },
      log: { level: 'debug' },
      journal: {
        max_accepted: limits.maxAccepted,
        max_per_target: limits.maxPerTarget,
        start_within: `${limits.startWithinMs}ms`,
        ...(journalUrl === undefined ? {} : { url: journalUrl, lease: `${limits.leaseMs}ms` }),
      },
      hosts: {
        cpc1: cpc('CPC1'),
        // Another name of the same place: its targets are the same ones.
        'cpc1-too': cpc('CPC1'),
        cpc2: cpc('CPC2'),
        fake: fake({ instances: 200, change_delay_ms: 30 }),
        slow: fake({ instances: 1000, change_delay_ms: 300 }),
        ...Object.fromEntries(Object.entries(sites).map(([siteName, names]) => [siteName, site(names)])),
      },
    };
  }

  /** Everything flows and runs again. */
  async heal() {
    this.simulator.faults.clear();
    for (const worker of this.workers) {
      worker.thaw();
      for (const link of worker.links) link.flow();
    }
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  /** @param {{ isKept?: boolean }} [options] keep logs and journal, to look at them */
  async close({ isKept = false } = {}) {
    const failures = [];
    for (const close of this.#closing.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (!isKept) rmSync(this.directory, { recursive: true, force: true });
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
  }
}
