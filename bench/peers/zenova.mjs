// The service itself, with the fake driver, as `zenova serve` starts it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerOptions, ready } from '../support/peer-process.mjs';

const { url, group, server, prefetch } = peerOptions();
const directory = mkdtempSync(join(tmpdir(), 'zenova-bench-'));
const file = join(directory, 'zenova.yaml');
writeFileSync(
  file,
  JSON.stringify({
    server,
    group,
    state_dir: directory,
    amqp: { url, prefetch },
    http: { enabled: false },
    log: { level: 'error' },
    hosts: { fake: { driver: 'fake', settings: { instances: 10 } } },
  }),
);
const { findConfig, loadConfig } = await import('../../dist/config/index.js');
const { VIRT_DRIVERS } = await import('../../dist/drivers/driver-registry.js');
const { serve } = await import('../../dist/serve.js');
const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
const service = await serve(loadConfig(findConfig({ file, environment: {} }), { driverSettings, environment: {} }));
await service.ready(AbortSignal.timeout(30_000));
process.once('SIGTERM', () => void end());
ready();

async function end() {
  await service.stop();
  rmSync(directory, { recursive: true });
  process.exit(0);
}
