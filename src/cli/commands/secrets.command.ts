import { Option, type Command } from 'commander';
import { keyIdOf, newKeyText } from '../../common/encryption-key.js';
import { ComputeError } from '../../common/errors/index.js';
import { makeKeyFile, readKeyFile } from '../../common/key-file.js';
import type { CliParts, JournalSecrets, UnreadableSecret } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { Interrupted } from '../interrupted.js';
import { examplesText } from '../method-commands.js';
import { NotOk } from '../not-ok.js';
import { Progress } from '../progress.js';
import { renderTable, widthOf } from '../table.js';
import { terminalText } from '../terminal-text.js';
import { configOf, configOption } from './config.command.js';

/** Nobody reads more of them on a terminal; programs get all. */
const MAX_SHOWN = 20;

/** `secrets`: the keys that the journal's secrets are encrypted with; works on the database, with no broker. */
export function addSecretsCommand(program: Command, parts: CliParts): void {
  const group = program
    .command('secrets')
    .description("Make and change the keys that the journal's secrets are encrypted with.");
  addGenerate(group, parts);
  addStatus(group, parts);
  addRotate(group, parts);
}

function addGenerate(group: Command, { stdout, stderr }: CliParts): void {
  group
    .command('generate')
    .description('Make a key: in a new file that only its owner can read, or on standard output.')
    .addOption(new Option('--output <file>', 'write it there; a file that exists already is left alone'))
    .addHelpText('after', examplesText(['zenova secrets generate --output /etc/zenova/secrets.key']))
    .action(({ output }: { output?: string }) => {
      if (output === undefined) {
        stdout.write(`${newKeyText()}\n`);
        return;
      }
      if (!makeKeyFile(output)) {
        throw new ComputeError('CONFIG_INVALID', `${output} exists already; a key that is written over is lost`);
      }
      stderr.write(`key ${keyIdOf(readKeyFile(output))} is in ${output}\n`);
    });
}

function addStatus(group: Command, parts: CliParts): void {
  const command = group
    .command('status')
    .description('Count the secrets in the journal by the key that they are encrypted with.')
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova secrets status --config /etc/zenova/zenova.yaml']))
    .action(async () => {
      const keys = await withSecrets(command, parts, async (secrets) => keysIn(secrets, await secrets.count()));
      if (globalOptionsOf(command).json === true) {
        parts.stdout.write(`${JSON.stringify({ keys }, null, 2)}\n`);
        return;
      }
      const rows = keys.map(({ key_id: id, role, secrets }) => [id, role, secrets]);
      parts.stdout.write(renderTable({ kind: 'list', head: ['key', 'is', 'secrets'], rows }, widthOf(parts.stdout)));
    });
}

function addRotate(group: Command, parts: CliParts): void {
  const command = group
    .command('rotate')
    .description('Encrypt every secret in the journal with the current key; may be interrupted, and goes on next time.')
    .addOption(configOption())
    .addHelpText('after', examplesText(['zenova secrets rotate --config /etc/zenova/zenova.yaml']))
    .action(async () => {
      const { stdout } = parts;
      const isJson = globalOptionsOf(command).json === true;
      await withSecrets(command, parts, async (secrets) => {
        const { rewritten, unreadable, isComplete } = await rotateWithProgress(secrets, parts);
        const removable = isComplete ? secrets.previousKeys : [];
        if (isJson) {
          const facts = {
            ok: isComplete && unreadable.length === 0,
            key_id: secrets.currentKey,
            rewritten,
            removable,
            unreadable: unreadable.map(({ place, operationId, reason }) => ({
              place,
              operation_id: operationId,
              reason,
            })),
          };
          stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
        } else {
          stdout.write(`${rewritten} rewritten; ${outcomeText(secrets, isComplete)}\n${unreadableText(unreadable)}`);
        }
        if (!isComplete || unreadable.length > 0) throw new NotOk();
      });
    });
}

async function rotateWithProgress(secrets: JournalSecrets, { stderr, interrupted }: CliParts) {
  const progress = new Progress(stderr, `key ${secrets.currentKey} in every place`);
  try {
    const rotation = await secrets.rotate({
      onProgress: (done, total) => progress.say(`${done} of ${total}`, total === 0 ? 100 : (100 * done) / total),
      signal: interrupted,
    });
    if (!interrupted.aborted) return rotation;
  } finally {
    progress.stop();
  }
  throw new Interrupted('interrupted; everything can be read with the keys at hand, and the next run does the rest');
}

async function withSecrets<T>(
  command: Command,
  parts: CliParts,
  work: (secrets: JournalSecrets) => Promise<T>,
): Promise<T> {
  const secrets = await parts.journalSecrets(await configOf(command.opts(), parts));
  try {
    return await work(secrets);
  } finally {
    await secrets.close();
  }
}

/** The keys at hand, and those that are not and should be. */
function keysIn({ currentKey, previousKeys }: JournalSecrets, counts: ReadonlyMap<string, number>) {
  const given = [
    { key_id: currentKey, role: 'current', secrets: counts.get(currentKey) ?? 0 },
    ...previousKeys.map((id) => ({ key_id: id, role: 'previous', secrets: counts.get(id) ?? 0 })),
  ];
  const ids = new Set(given.map(({ key_id: id }) => id));
  const missing = [...counts].filter(([id]) => !ids.has(id));
  return [...given, ...missing.map(([id, secrets]) => ({ key_id: id, role: 'missing', secrets }))];
}

function outcomeText({ currentKey, previousKeys }: JournalSecrets, isComplete: boolean): string {
  if (!isComplete) {
    return 'a service goes on encrypting with an earlier key: make the new one current there too, restart it, and run this again';
  }
  const all = `what can be read is encrypted with key ${currentKey}`;
  if (previousKeys.length === 0) return all;
  return `${all}; ${previousKeys.join(', ')} may leave secrets.previous_keys`;
}

function unreadableText(unreadable: readonly UnreadableSecret[]): string {
  if (unreadable.length === 0) return '';
  const lines = unreadable.slice(0, MAX_SHOWN).map(({ place, operationId, reason }) => {
    const whose = operationId === null ? '' : ` of operation ${operationId}`;
    return `  ${terminalText(`${place}${whose}: ${reason}`)}\n`;
  });
  const more = unreadable.length > MAX_SHOWN ? `  and ${unreadable.length - MAX_SHOWN} more; see --json\n` : '';
  return `${unreadable.length} cannot be read, and stay as they are:\n${lines.join('')}${more}`;
}
