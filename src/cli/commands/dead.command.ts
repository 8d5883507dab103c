import { InvalidArgumentError, Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { DeadLetterQueue, type DeadLetter, type HeldLetter } from '../../client/index.js';
import { ComputeError } from '../../common/errors/index.js';
import type { CliParts } from '../cli-parts.js';
import { brokerOf } from '../broker-access.js';
import { globalOptionsOf, type GlobalOptions } from '../global-options.js';
import { Interrupted, unlessInterrupted } from '../interrupted.js';
import { examplesText, usageError } from '../method-commands.js';
import { Progress } from '../progress.js';
import { renderTable, widthOf } from '../table.js';
import { terminalText } from '../terminal-text.js';

const TIMEOUT_MS = 60_000;
const LIST_LIMIT = 100;
/** RabbitMQ 4 removes a message that was given back more than 20 times, unless a policy says otherwise. */
const LIMITING_BROKER = 4;
const RETURNS_TO_WARN_OF = 10;

interface DeadOptions {
  readonly queue?: string;
}
interface DropOptions extends DeadOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** `dead`: the requests that nobody could read or serve. */
export function addDeadCommand(program: Command, parts: CliParts): void {
  const group = program.command('dead').description('Requests that nobody could read or serve, kept by the broker.');
  addList(group, parts);
  addShow(group, parts);
  addDrop(group, parts);
}

function addList(group: Command, parts: CliParts): void {
  const command = group
    .command('list')
    .description('List dead letters, newest last.')
    .addOption(queueOption())
    .addOption(new Option('--limit <number>', 'the newest so many').default(LIST_LIMIT).argParser(count))
    .addHelpText('after', examplesText(['zenova dead list', 'zenova dead list --limit 20 --json']))
    .action(async () => {
      const { limit } = command.opts<{ limit: number }>();
      const newest: DeadLetter[] = [];
      const { total, queue } = await withLetters(command, parts, async (letters, progress) => {
        const reading = await read(letters, progress, parts, (letter) => {
          newest.push(withoutContent(letter));
          if (newest.length > limit) newest.shift();
        });
        return { total: reading.count, queue: letters.queue };
      });
      if (globalOptionsOf(command).json === true) {
        const data = { queue, total, dead_letters: newest.map(summaryOf) };
        parts.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
        return;
      }
      if (total > newest.length) parts.stderr.write(`the newest ${newest.length} of ${total}; --limit shows more\n`);
      parts.stdout.write(renderTable(tableOf(newest), widthOf(parts.stdout)));
    });
}

function addShow(group: Command, parts: CliParts): void {
  const command = group
    .command('show')
    .description('Print a whole dead letter; secrets were removed when it was written.')
    .argument('<id>', 'as the list tells it')
    .addOption(queueOption())
    .addHelpText('after', examplesText(['zenova dead show 0192c5a4-…']))
    .action(async (id: string) => {
      const found = await withLetters(command, parts, async (letters, progress) => {
        let wanted: DeadLetter | undefined;
        await read(letters, progress, parts, (letter) => {
          if (letter.id === id) wanted ??= letter;
        });
        return wanted ?? notThere([id], letters.queue);
      });
      const isJson = globalOptionsOf(command).json === true;
      const { whole } = found;
      parts.stdout.write(
        isJson ? `${JSON.stringify(whole, null, 2)}\n` : terminalText(stringify(whole, { lineWidth: 0 })),
      );
    });
}

function addDrop(group: Command, parts: CliParts): void {
  const command = group
    .command('drop')
    .description('Remove dead letters for good.')
    .argument('[id...]', 'as the list tells them; all of them must be there')
    .addOption(queueOption())
    .addOption(new Option('--all', 'all that are there now'))
    .addOption(new Option('--yes', 'do not ask'))
    .addHelpText('after', examplesText(['zenova dead drop 0192c5a4-…', 'zenova dead drop --all']))
    .action(async (ids: string[]) => {
      const { all = false, yes = false } = command.opts<DropOptions>();
      if (all === ids.length > 0) usageError(command, 'name the letters to drop, or give --all');
      if (all && !yes && parts.ask === undefined) usageError(command, '--all asks before it drops; give --yes here');
      const dropped = await withLetters(command, parts, async (letters, progress) => {
        const wanted = new Set(ids);
        const held: HeldLetter[] = [];
        await read(letters, progress, parts, (letter) => {
          if (all || wanted.has(letter.id)) held.push({ ...withoutContent(letter), deliveryTag: letter.deliveryTag });
        });
        const missing = ids.filter((id) => !held.some((letter) => letter.id === id));
        if (missing.length > 0) notThere(missing, letters.queue);
        if (all && !yes && held.length > 0) {
          progress.stop();
          await confirm(held, letters.queue, parts);
        }
        for (const letter of held) letters.drop(letter);
        return held.map(({ id }) => id);
      });
      const isJson = globalOptionsOf(command).json === true;
      const count = `${dropped.length} dead letter${dropped.length === 1 ? '' : 's'}`;
      parts.stdout.write(isJson ? `${JSON.stringify({ dropped })}\n` : `dropped ${count}\n`);
    });
}

/** Does something with the queue, and puts back what was not dropped. */
async function withLetters<T>(
  command: Command,
  parts: CliParts,
  work: (letters: DeadLetterQueue, progress: Progress) => Promise<T>,
): Promise<T> {
  const globals: GlobalOptions & DeadOptions = globalOptionsOf(command);
  const opening = DeadLetterQueue.open({
    ...brokerOf(globals, parts.environment),
    queue: globals.queue,
    timeoutMs: globals.timeout ?? TIMEOUT_MS,
    name: 'zenova command line',
  });
  const progress = new Progress(parts.stderr, 'dead letters');
  try {
    const letters = await unlessInterrupted(opening, parts.interrupted, 'interrupted');
    return await unlessInterrupted(
      work(letters, progress),
      parts.interrupted,
      'interrupted; the letters are where they were',
    );
  } finally {
    progress.stop();
    const closed = opening.then(
      (letters) => letters.close(),
      () => undefined,
    );
    if (!parts.interrupted.aborted) await closed;
  }
}

async function read(
  letters: DeadLetterQueue,
  progress: Progress,
  { stderr }: CliParts,
  take: (letter: HeldLetter) => void,
) {
  let taken = 0;
  let returns = 0;
  const reading = await letters.read((letter) => {
    take(letter);
    taken += 1;
    returns = Math.max(returns, letter.returns);
    if (taken % 1000 === 0) progress.say(`${taken} dead letters read`, 0);
  });
  if (!reading.isWhole) {
    stderr.write(`${letters.queue} holds more than the ${reading.count} oldest, which were read; drop some first\n`);
  }
  if (returns >= RETURNS_TO_WARN_OF && Number.parseInt(letters.brokerVersion, 10) >= LIMITING_BROKER) {
    stderr.write(
      `a letter was read ${returns} times: RabbitMQ 4 drops what was read more than 20 times, unless the README's policy for ${letters.queue} is set\n`,
    );
  }
  return reading;
}

async function confirm(held: readonly DeadLetter[], queue: string, { ask, interrupted }: CliParts): Promise<void> {
  const foreign = held.filter(({ isOurs }) => !isOurs).length;
  const note = foreign === 0 ? '' : ` (${foreign} of them are messages of somebody else)`;
  const question = `Drop ${held.length} messages of ${queue}${note} for good? [y/N] `;
  const answer = await unlessInterrupted(
    ask?.(question) ?? Promise.resolve(''),
    interrupted,
    'interrupted; nothing was dropped',
  );
  if (!/^y(es)?$/i.test(answer.trim())) throw new Interrupted('nothing was dropped');
}

function notThere(ids: readonly string[], queue: string): never {
  const names = ids.map((id) => JSON.stringify(id)).join(', ');
  throw new ComputeError('RESOURCE_NOT_FOUND', `${queue} has no letter ${names}; see: zenova dead list`, {
    details: { queue, ids: [...ids] },
  });
}

/** What is kept of a letter whose content nobody wants: there may be very many. */
function withoutContent({ id, isOurs, time, reason, method, requestedBy, size, returns }: DeadLetter): DeadLetter {
  return { id, isOurs, time, reason, method, requestedBy, size, returns, whole: null };
}

function summaryOf({ id, isOurs, time, reason, method, requestedBy, size }: DeadLetter) {
  return { id, time, reason, method, requested_by: requestedBy, size, is_dead_letter: isOurs };
}

function tableOf(letters: readonly DeadLetter[]) {
  return {
    kind: 'list',
    head: ['time', 'id', 'reason', 'method', 'requested by', 'size'],
    rows: letters.map(({ time, id, reason, method, requestedBy, size, isOurs }) => [
      time,
      id,
      isOurs ? reason : '(no dead letter)',
      method,
      requestedBy,
      size,
    ]),
  } as const;
}

function queueOption(): Option {
  return new Option(
    '--queue <name>',
    'the dead-letter queue, where amqp.dead_queue has another name (default: zenova.rpc.dead)',
  );
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('Write a number, 1 to 999999.');
}
