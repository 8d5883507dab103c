import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { EXIT, runCli, type CliParts } from './cli/index.js';
import { createLog } from './common/log.js';
import { processEnvironment } from './config/environment.js';
import { packageVersion } from './common/package-version.js';

/** The program `zenova`. Heavy parts are imported when a command needs them. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted); // asked twice: at once
    interruption.abort();
  });
}

/** Node itself would print whatever libraries hang on their errors: requests, with passwords and sessions. */
process.on('uncaughtException', (error) => {
  const log = createLog('error', { write: (line) => writeSync(process.stderr.fd, line) });
  log.error('a defect ends the process', { err: error });
  process.exit(EXIT.failed);
});

const parts: CliParts = {
  version: packageVersion(),
  environment: processEnvironment(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  interrupted: interruption.signal,
  catalogue: async () => {
    const { VIRT_DRIVERS, POWER_TYPES } = await import('./drivers/driver-registry.js');
    const { readEvidence } = await import('./evidence-files.js');
    return { version: packageVersion(), drivers: VIRT_DRIVERS, powerTypes: POWER_TYPES, evidence: readEvidence() };
  },
  serve: async (config, signal) => {
    const service = await (await import('./serve.js')).serve(config, { signal });
    await (await import('./systemd.js')).announceReady(parts.environment);
    return service;
  },
  journalSecrets: async (config) => (await import('./journal-secrets.js')).openJournalSecrets(config),
  journalUpkeep: async (config) => (await import('./journal-upkeep.js')).openJournalUpkeep(config, parts.environment),
  restoreJournal: async (...restore) =>
    (await import('./journal-restore.js')).restoreJournal(...restore, parts.environment),
  openConsole: async (options) => (await import('./console-connection.js')).openConsole(options),
  simulateHmc: async (options) => (await import('./simulators/hmc/index.js')).HmcSimulator.start(options),
  simulateWebhook: async (options) => (await import('./simulators/webhook/index.js')).WebhookSimulator.start(options),
};

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal: interruption.signal });
  } finally {
    terminal.close();
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // the reader has seen enough
  throw error;
});

const code = await runCli(process.argv.slice(2), parts);
if (interruption.signal.aborted) process.exit(code); // whatever is still under way
process.exitCode = code;
