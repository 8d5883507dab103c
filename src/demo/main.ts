import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { ZenovaClient } from '../client/index.js';
import { createLog } from '../common/log.js';
import { loadConfig, parseSource, processEnvironment } from '../config/index.js';
import { VIRT_DRIVERS } from '../drivers/driver-registry.js';
import { serve } from '../serve.js';
import { tour } from './tour.js';

const READY_WITHIN_MS = 30_000;

/** Plays the tour: a service of its own in front of the simulated estate, under names that nobody else uses. */
async function demo(): Promise<void> {
  const run = `demo-${randomBytes(4).toString('hex')}`;
  const stateDir = mkdtempSync(join(tmpdir(), 'zenova-demo-'));
  const url = processEnvironment()['ZENOVA_AMQP_URL'] ?? 'amqp://127.0.0.1:5672';
  const names = { dead_queue: `zenova.rpc.dead.${run}`, events_exchange: `zenova.events.${run}` };
  const written = {
    server: run,
    group: run,
    state_dir: stateDir,
    amqp: { url, ...names },
    http: { enabled: false },
    audit: { file: join(stateDir, 'audit.log') }, // its lines in the log would stand between those of the tour
  };
  // JSON is YAML.
  const source = { ...parseSource(JSON.stringify(written), 'the tour'), isSimulatedEstate: true };
  const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
  const service = await serve(loadConfig(source, { driverSettings, environment: {} }), { log: createLog('error') });
  try {
    await service.ready(AbortSignal.timeout(READY_WITHIN_MS));
    const client = await ZenovaClient.connect({ url, group: run, eventsExchange: names.events_exchange });
    try {
      await tour(client, (line) => void process.stdout.write(`${line}\n`));
    } finally {
      await client.close();
    }
  } finally {
    await service.stop();
    rmSync(stateDir, { recursive: true });
    await removeQueues(url, [`zenova.rpc.${run}`, `zenova.rpc.server.${run}`, names.dead_queue], names.events_exchange);
  }
}

async function removeQueues(url: string, queues: readonly string[], exchange: string): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.deleteQueue(queue);
  await channel.deleteExchange(exchange);
  await connection.close();
}

await demo();
