import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CliParts } from '../cli-parts.js';
import { CHANGE_TIMEOUT_MS, withClient } from '../invoke.js';
import { globalOptionsOf } from '../global-options.js';
import { unlessInterrupted } from '../interrupted.js';
import { importMachines, type ImportedMachine } from '../machine-import/import-machines.js';
import { readMaasExport } from '../machine-import/maas-export.js';
import { readMachineFile } from '../machine-import/machine-file.js';
import { addMethodGroup, examplesText } from '../method-commands.js';
import { NotOk } from '../not-ok.js';
import { Progress } from '../progress.js';
import { renderTable, widthOf } from '../table.js';

interface ImportFlags {
  readonly maasPowerParameters?: string;
  readonly dryRun?: boolean;
  readonly skipCheck?: boolean;
  readonly update?: boolean;
  readonly concurrency: number;
}

/** `machine`: the RPC methods, and `import`, which registers all machines of a file. */
export function addMachineCommand(program: Command, parts: CliParts): void {
  const group = addMethodGroup(program, 'machine', parts);
  const command = group
    .command('import')
    .description('Register all machines of a YAML file, or of a MAAS; again to do only what is not done yet.')
    .argument('<file>', 'YAML with "machines", or what "maas $PROFILE machines read" printed')
    .addOption(
      new Option(
        '--maas-power-parameters <file>',
        'what "maas $PROFILE machines power-parameters" printed; the other file is of MAAS then',
      ),
    )
    .addOption(new Option('--update', 'change machines that are registered with another power type or parameters'))
    .addOption(new Option('--skip-check', 'do not ask the controllers'))
    .addOption(new Option('--dry-run', 'say what would be done, and do nothing'))
    .addOption(new Option('--concurrency <number>', 'so many machines at a time').default(8).argParser(concurrency))
    .addHelpText(
      'after',
      examplesText([
        'zenova machine import machines.yaml --dry-run',
        'zenova machine import machines.json --maas-power-parameters power-parameters.json',
      ]),
    )
    .action(async (file: string) => {
      const flags = command.opts<ImportFlags>();
      const globals = globalOptionsOf(command);
      const { environment, interrupted, stderr } = parts;
      const entries =
        flags.maasPowerParameters === undefined
          ? readMachineFile(file, environment)
          : readMaasExport(file, flags.maasPowerParameters);
      const { machines, brokenOff } = await withClient(globals, parts, async (client) => {
        const progress = new Progress(stderr, `${entries.length} machines`);
        try {
          const work = importMachines(client, entries, {
            isDryRun: flags.dryRun === true,
            skipsCheck: flags.skipCheck === true,
            updates: flags.update === true,
            concurrency: flags.concurrency,
            timeoutMs: globals.timeout ?? CHANGE_TIMEOUT_MS,
            signal: interrupted,
            onProgress: (done, total) => progress.say(`${done} of ${total} machines`, Math.floor((100 * done) / total)),
          });
          return await unlessInterrupted(work, interrupted, 'interrupted; the same import again goes on from here');
        } finally {
          progress.stop();
        }
      });
      const summary = summaryOf(machines, entries.length);
      if (globals.json === true) {
        const data = { dry_run: flags.dryRun === true, ...summary, machines };
        parts.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
      } else {
        parts.stdout.write(textOf(machines, summary, flags.dryRun === true, widthOf(parts.stdout)));
      }
      if (brokenOff !== undefined) throw brokenOff;
      if (summary.failed > 0) throw new NotOk();
    });
}

type Summary = Record<ImportedMachine['outcome'] | 'total' | 'unverified' | 'not_asked', number>;

function summaryOf(machines: readonly ImportedMachine[], total: number): Summary {
  const count = (is: (machine: ImportedMachine) => boolean): number => machines.filter(is).length;
  return {
    total,
    registered: count(({ outcome }) => outcome === 'registered'),
    updated: count(({ outcome }) => outcome === 'updated'),
    unchanged: count(({ outcome }) => outcome === 'unchanged'),
    failed: count(({ outcome }) => outcome === 'failed'),
    unverified: count(({ status }) => status === 'unverified'),
    not_asked: total - machines.length,
  };
}

/** What needs somebody's attention, machine by machine, and how many there are of the rest. */
function textOf(machines: readonly ImportedMachine[], summary: Summary, isDryRun: boolean, width: number): string {
  const { registered, updated, unchanged, failed, unverified, not_asked: notAsked } = summary;
  const shown = machines.filter(
    ({ outcome, reason }) => reason !== null || (isDryRun && (outcome === 'registered' || outcome === 'updated')),
  );
  const rows = shown.map(({ machine, outcome, status, reason }) => [
    machine,
    isDryRun && outcome !== 'failed' ? `would be ${outcome}` : outcome,
    status,
    reason,
  ]);
  const table =
    rows.length === 0
      ? ''
      : `${renderTable({ kind: 'list', head: ['machine', 'outcome', 'status', 'reason'], rows }, width)}\n`;
  const counts = [
    `${registered} ${isDryRun ? 'to be registered' : 'registered'}`,
    `${updated} ${isDryRun ? 'to be updated' : 'updated'}`,
    `${unchanged} unchanged`,
    `${failed} failed`,
    ...(unverified === 0 ? [] : [`${unverified} unverified`]),
    ...(notAsked === 0 ? [] : [`${notAsked} not asked for`]),
  ];
  return `${table}${counts.join(', ')}\n`;
}

function concurrency(text: string): number {
  const value = Number(text);
  if (/^\d{1,2}$/.test(text) && value >= 1 && value <= 64) return value;
  throw new InvalidArgumentError('Write a number, 1 to 64.');
}
