// The service itself, with the fake driver, as `zenova serve` starts it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '../../dist/serve.js';
import { peerOptions, ready } from '../support/peer-process.mjs';
import { ProcessCost } from '../support/process-cost.mjs';
import { serviceConfig } from '../support/service-config.mjs';

const { parent = tmpdir(), settings } = peerOptions();
const directory = mkdtempSync(join(parent, 'zenova-bench-'));
const service = await serve(serviceConfig(directory, settings));
await service.ready(AbortSignal.timeout(30_000));
process.once('SIGTERM', () => void end());
const cost = new ProcessCost();
ready({ begin: () => cost.begin(), end: () => cost.end() });

async function end() {
  await service.stop();
  rmSync(directory, { recursive: true });
  process.exit(0);
}
