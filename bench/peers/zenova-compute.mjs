// The compute service without AMQP: requests are handed to it in its own process, and nobody hears its events or
// reads its audit.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../dist/common/clock.js';
import { createLog } from '../../dist/common/log.js';
import { ComputeService } from '../../dist/compute/compute.service.js';
import { VIRT_DRIVERS } from '../../dist/drivers/driver-registry.js';
import { databaseOf } from '../../dist/journal-place.js';
import { openJournal } from '../../dist/journal/index.js';
import { requests } from '../support/journal-requests.mjs';
import { readyToRun } from '../support/measured-calls.mjs';
import { peerOptions } from '../support/peer-process.mjs';
import { serviceConfig } from '../support/service-config.mjs';

const { parent, settings } = peerOptions();
const directory = mkdtempSync(join(parent, 'zenova-bench-'));
const config = serviceConfig(directory, settings);
const clock = systemClock;
const log = createLog('error');
const opened = await openJournal(
  { database: databaseOf(config), keys: config.secrets, maxPerTarget: config.journal.maxPerTarget },
  { clock, log },
);
const service = new ComputeService({
  ...opened,
  server: config.server,
  hosts: [...config.hosts.values()].map((host) => ({ ...host, manage: host.manage ?? undefined })),
  drivers: VIRT_DRIVERS,
  powerTypes: [],
  events: { publish: () => undefined },
  replies: { send: () => Promise.resolve() },
  audit: { write: () => undefined },
  rules: undefined,
  clock,
  log,
  selfNames: [],
  limits: {
    leaseMs: config.journal.leaseMs,
    maxAccepted: config.journal.maxAccepted,
    maxConcurrentPerEndpoint: config.journal.maxConcurrent,
    startWithinMs: config.journal.startWithinMs,
    keepMs: config.journal.keepMs,
    readTimeoutMs: 60_000,
    resolveTimeoutMs: 10_000,
    reconcileTimeoutMs: 60_000,
  },
});
await service.start();
process.once('SIGTERM', () => void end());

const next = requests();
readyToRun(call);

async function call() {
  const { pattern, data } = next();
  const requestId = randomUUID();
  await service.handle(pattern, data, {
    requestId,
    messageId: requestId,
    correlationId: requestId,
    requestedBy: 'bench',
    sentAt: null,
    // As a reply address of the Nest envelope is kept.
    replyTo: { envelope: 'nest', address: { queue: 'amq.gen-bench', correlation_id: requestId } },
    accepted: () => undefined,
  });
}

async function end() {
  await service.finish(5000);
  await service.close();
  await opened.close();
  rmSync(directory, { recursive: true });
  process.exit(0);
}
