import { InvalidArgumentError, Option, type Command } from 'commander';
import { isoTime } from '../../common/clock.js';
import { formatDuration, parseDuration } from '../../common/duration.js';
import { MIN_KEEP, MIN_KEEP_MS } from '../../common/retention.js';
import type { Config } from '../../config/index.js';
import type { CliParts, JournalStatus, JournalUpkeep } from '../cli-parts.js';
import { EXIT } from '../exit-codes.js';
import { globalOptionsOf } from '../global-options.js';
import { Interrupted } from '../interrupted.js';
import { examplesText } from '../method-commands.js';
import { NotOk } from '../not-ok.js';
import { Progress } from '../progress.js';
import { factsOf, renderTable, widthOf } from '../table.js';
import { terminalText } from '../terminal-text.js';
import { configOf, configOption } from './config.command.js';

/** `db`: the journal's database; works with no broker, and also while the service runs. */
export function addDbCommand(program: Command, parts: CliParts): void {
  const group = program
    .command('db')
    .description('Look after the database of the journal: state, backup, old outcomes, schema.');
  addStatus(group, parts);
  addBackup(group, parts);
  addRestore(group, parts);
  addPrune(group, parts);
  addMigrate(group, parts);
}

function addStatus(group: Command, parts: CliParts): void {
  const command = group
    .command('status')
    .description('Show which database it is, its schema and size, and what is in it.')
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova db status --config /etc/zenova/zenova.yaml']))
    .action(async () => {
      const facts = await withUpkeep(command, parts, async (upkeep) => statusFacts(upkeep, await upkeep.status()));
      const { stdout } = parts;
      if (globalOptionsOf(command).json === true) {
        stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
        return;
      }
      const { workers, pending, unknown, ...rest } = facts;
      const schema = {
        ...(pending.length === 0 ? {} : { pending: `${pending.join(', ')}; see zenova db migrate` }),
        ...(unknown.length === 0 ? {} : { unknown: `${unknown.join(', ')}; of a newer version` }),
      };
      stdout.write(renderTable(factsOf({ ...rest, ...schema }), widthOf(stdout)));
      if (workers === null || workers.length === 0) return;
      const rows = workers.map(({ server, hosts, is_alive: isAlive, joined_at: joined, lease_until: until }) => [
        server,
        isAlive ? 'alive' : 'gone',
        hosts.join(', '),
        joined,
        until,
      ]);
      const head = ['worker', 'is', 'hosts', 'joined at', 'lease until'];
      stdout.write(`\n${renderTable({ kind: 'list', head, rows }, widthOf(stdout))}`);
    });
}

function addBackup(group: Command, parts: CliParts): void {
  const command = group
    .command('backup')
    .description('Write a copy of the journal to a new file; the service may run. The copy does not hold the key.')
    .addOption(
      new Option('--output <file>', 'write it there; a file that exists already is left alone').makeOptionMandatory(),
    )
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova db backup --output /var/backups/zenova-1.db']))
    .action(async () => {
      const { output } = command.opts<{ output: string }>();
      const { stdout, interrupted } = parts;
      const made = await withUpkeep(command, parts, async (upkeep) => ({
        place: upkeep.place,
        ...(await withProgress(parts, `the backup of ${upkeep.place}`, () => upkeep.backup(output, interrupted))),
      }));
      if (globalOptionsOf(command).json === true) {
        const { place: database, bytes, keyIds: keys, keyPlace: key } = made;
        stdout.write(`${JSON.stringify({ ok: true, database, file: output, bytes, keys, key_in: key }, null, 2)}\n`);
        return;
      }
      const ids = made.keyIds.length === 0 ? '' : ` ${made.keyIds.join(', ')}`;
      stdout.write(
        terminalText(
          `${output}: ${made.bytes} bytes, ${made.place}\n` +
            `It does not hold the key${ids}, without which its secrets cannot be read: keep ${made.keyPlace}, ` +
            'and the configuration, in another safe place.\n',
        ),
      );
    });
}

function addRestore(group: Command, parts: CliParts): void {
  const command = group
    .command('restore')
    .description(
      'Put a backup in the place of the journal of a service that is stopped; the old one is kept. What was unfinished then ends as OUTCOME_UNKNOWN.',
    )
    .addOption(new Option('--input <file>', 'backup made by zenova db backup').makeOptionMandatory())
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova db restore --input /var/backups/zenova-1.db']))
    .action(async () => {
      const { input } = command.opts<{ input: string }>();
      const { stdout, interrupted } = parts;
      const config = await configOf(command.opts(), parts);
      const { place, aside, ended } = await withProgress(parts, `the restore of ${input}`, () =>
        parts.restoreJournal(config, input, interrupted),
      );
      if (globalOptionsOf(command).json === true) {
        stdout.write(`${JSON.stringify({ ok: true, database: place, file: input, aside, ended }, null, 2)}\n`);
        return;
      }
      const old = aside === null ? '' : `The journal of before is ${aside}\n`;
      const unknown = ended === 0 ? '' : `${ended} operations were unfinished in it, and end as OUTCOME_UNKNOWN\n`;
      stdout.write(terminalText(`${input} is ${place} now\n${old}${unknown}`));
    });
}

function addPrune(group: Command, parts: CliParts): void {
  const command = group
    .command('prune')
    .description(
      'Remove old outcomes now; the service does so every hour by itself. It may run, and may be interrupted.',
    )
    .addOption(
      new Option(
        '--older-than <duration>',
        `age from which on they go, ${MIN_KEEP} at least (default: journal.keep)`,
      ).argParser(keptFor),
    )
    .addOption(new Option('--dry-run', 'only say how many'))
    .addOption(configOption())
    .addHelpText(
      'after',
      examplesText(['zenova db prune --older-than 30d --dry-run', 'zenova db prune --older-than 7d']),
    )
    .action(async () => {
      const { olderThan, dryRun = false } = command.opts<{ olderThan?: number; dryRun?: boolean }>();
      const { stdout } = parts;
      const { count, olderThanMs } = await withUpkeep(command, parts, async (upkeep, { journal }) => {
        const age = olderThan ?? journal.keepMs;
        return { count: dryRun ? await upkeep.countPrunable(age) : await prune(upkeep, age, parts), olderThanMs: age };
      });
      const age = formatDuration(olderThanMs);
      if (globalOptionsOf(command).json === true) {
        const facts = { ok: true, dry_run: dryRun, older_than: age, operations: count };
        stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
      } else {
        stdout.write(`${count} ${dryRun ? 'would be removed' : 'removed'}: outcomes older than ${age}\n`);
      }
    });
}

async function prune(upkeep: JournalUpkeep, olderThanMs: number, parts: CliParts): Promise<number> {
  const { interrupted } = parts;
  return withProgress(parts, `old outcomes of ${upkeep.place}`, async (progress) => {
    const total = await upkeep.countPrunable(olderThanMs);
    let removed = 0;
    while (!interrupted.aborted) {
      const { operations, isComplete } = await upkeep.pruneSome(olderThanMs);
      removed += operations;
      if (isComplete) return removed;
      progress.say(`${removed} of ${total} removed`, total === 0 ? 100 : (100 * removed) / total);
    }
    throw new Interrupted(`interrupted; ${removed} are removed, and the next run does the rest`);
  });
}

function addMigrate(group: Command, parts: CliParts): void {
  const command = group
    .command('migrate')
    .description(
      `Bring the schema up to date, with no service at work. With --dry-run: name the steps; exit code ${EXIT.pending} when there are any.`,
    )
    .addOption(new Option('--dry-run', 'say what would be done, with its SQL, and change nothing'))
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova db migrate --dry-run', 'zenova db migrate']))
    .action(async () => {
      const { dryRun = false } = command.opts<{ dryRun?: boolean }>();
      const isJson = globalOptionsOf(command).json === true;
      const { stdout } = parts;
      await withUpkeep(command, parts, async (upkeep) => {
        if (!dryRun) {
          const taken = await withProgress(parts, `the schema of ${upkeep.place}`, (progress) =>
            upkeep.migrate((name) => progress.say(`taking step ${name}`, undefined)),
          );
          if (isJson) stdout.write(`${JSON.stringify({ ok: true, taken }, null, 2)}\n`);
          else stdout.write(taken.length === 0 ? upToDate(upkeep) : taken.map((name) => `${name}: done\n`).join(''));
          return;
        }
        const steps = await upkeep.plan();
        if (isJson) stdout.write(`${JSON.stringify({ ok: steps.length === 0, pending: steps }, null, 2)}\n`);
        else if (steps.length === 0) stdout.write(upToDate(upkeep));
        for (const { name, statements } of isJson ? [] : steps) {
          stdout.write(`-- ${name}\n${statements.map((statement) => `${statement};\n`).join('')}`);
        }
        if (steps.length > 0) throw new NotOk(EXIT.pending);
      });
    });
}

function upToDate({ place }: JournalUpkeep): string {
  return `nothing to do: the schema of ${terminalText(place)} is up to date\n`;
}

async function withUpkeep<T>(
  command: Command,
  parts: CliParts,
  work: (upkeep: JournalUpkeep, config: Config) => Promise<T>,
): Promise<T> {
  const config = await configOf(command.opts(), parts);
  const upkeep = await parts.journalUpkeep(config);
  try {
    return await work(upkeep, config);
  } finally {
    await upkeep.close();
  }
}

async function withProgress<T>(
  { stderr, interrupted }: CliParts,
  what: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress(stderr, what);
  try {
    return await work(progress);
  } catch (error) {
    throw interrupted.aborted && !(error instanceof Interrupted) ? new Interrupted('interrupted') : error;
  } finally {
    progress.stop();
  }
}

function statusFacts({ place, isServed }: JournalUpkeep, { schema, bytes, content }: JournalStatus) {
  return {
    database: place,
    served: isServed,
    schema: schema.applied.at(-1) ?? null,
    pending: schema.pending,
    unknown: schema.unknown,
    bytes,
    operations: content?.operations ?? null,
    oldest_outcome_at: content === null || content.oldestOutcomeAt === null ? null : isoTime(content.oldestOutcomeAt),
    workers:
      content?.workers.map(({ id, server, hosts, isAlive, joinedAt, leaseUntil }) => ({
        id,
        server,
        hosts,
        is_alive: isAlive,
        joined_at: isoTime(joinedAt),
        lease_until: isoTime(leaseUntil),
      })) ?? null,
  };
}

function keptFor(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('Write a number and a unit: 24h, 30d.');
  if (durationMs >= MIN_KEEP_MS) return durationMs;
  throw new InvalidArgumentError(
    `At least ${MIN_KEEP}: until then a repeat of a request may come, and must find its outcome.`,
  );
}
