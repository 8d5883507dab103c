import { readFileSync } from 'node:fs';
import { EXIT, runCli, type CliParts } from './cli/index.js';
import { processEnvironment } from './config/environment.js';

/** The program `zenova`. Heavy parts are imported when a command needs them. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted); // asked twice: at once
    interruption.abort();
  });
}

const parts: CliParts = {
  version: (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
    .version,
  environment: processEnvironment(),
  stdout: process.stdout,
  stderr: process.stderr,
  interrupted: interruption.signal,
  catalogue: async () => {
    const { VIRT_DRIVERS, POWER_TYPES } = await import('./drivers/driver-registry.js');
    return { drivers: VIRT_DRIVERS, powerTypes: POWER_TYPES };
  },
  serve: async (config) => (await import('./serve.js')).serve(config),
  journalSecrets: async (config) => (await import('./journal-secrets.js')).openJournalSecrets(config),
  journalUpkeep: async (config) => (await import('./journal-upkeep.js')).openJournalUpkeep(config, parts.environment),
  restoreJournal: async (...restore) =>
    (await import('./journal-restore.js')).restoreJournal(...restore, parts.environment),
  simulateHmc: async (options) => (await import('./simulators/hmc/index.js')).HmcSimulator.start(options),
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // the reader has seen enough
  throw error;
});

const code = await runCli(process.argv.slice(2), parts);
if (code === EXIT.interrupted) process.exit(code); // whatever is still under way
process.exitCode = code;
