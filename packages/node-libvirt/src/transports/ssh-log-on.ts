import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type AnyAuthMethod, type ParsedKey } from 'ssh2';
import { addressText, type NetworkAddress } from './connecting.js';
import { printable } from './printable.js';
import type { SshIdentity } from './ssh-identity.js';
import { TransportError } from '../errors/transport-error.js';

/** One way to log on. */
export interface LogOn {
  /** As ssh servers call it when they say what they accept. */
  readonly method: 'publickey' | 'password' | 'keyboard-interactive';
  /** For messages. */
  readonly title: string;
  readonly auth: AnyAuthMethod;
}

/** Takes the next way to log on; false when there is none. */
export type LogOnChoice = (logOn: LogOn['auth'] | false) => void;

/** What the library adds to its errors: the part that they come from. */
export interface SshFault extends Error {
  readonly level?: string;
  /** A number is the server's own reason for ending the connection (RFC 4253, 11.1). */
  readonly code?: string | number;
}

const USUAL_KEY_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const MAX_KNOWN_KEYS = 32;

/** Keys that were read before, by a hash of text and passphrase: to open an encrypted one stops the process for a second. */
const knownKeys = new Map<string, ParsedKey>();

/**
 * Ways to log on, in the order in which they are tried: a server that counts failures should see what was named first.
 *
 * @throws TransportError `settings` when a key that was named cannot be used
 */
export async function logOnsOf(username: string, identity: SshIdentity): Promise<LogOn[]> {
  const { keys, keyFiles, passphrase, password } = identity;
  const byKey = (title: string, key: ParsedKey): LogOn => ({
    method: 'publickey',
    title,
    auth: { type: 'publickey', username, key },
  });
  const named: LogOn[] = [];
  for (const key of keys ?? []) named.push(byKey('the given key', privateKey(key, passphrase, 'the given key')));
  for (const file of keyFiles ?? []) {
    named.push(byKey(file, privateKey(await readKeyFile(file), passphrase, `the key file ${file}`)));
  }
  const found = keys === undefined && keyFiles === undefined ? await usualKeys(passphrase) : [];
  return [
    ...named,
    ...byAgent(username, identity.agent ?? process.env['SSH_AUTH_SOCK']),
    ...found.map(({ file, key }) => byKey(file, key)),
    ...(password === undefined ? [] : byPassword(username, password)),
  ];
}

function byAgent(username: string, agent: string | false | undefined): LogOn[] {
  if (agent === undefined || agent === false || agent === '') return [];
  return [{ method: 'publickey', title: 'the ssh agent', auth: { type: 'agent', username, agent } }];
}

/** Some servers ask for a password only in a dialogue. */
function byPassword(username: string, password: string): LogOn[] {
  return [
    { method: 'password', title: 'the password', auth: { type: 'password', username, password } },
    {
      method: 'keyboard-interactive',
      title: 'the password in a dialogue',
      auth: {
        type: 'keyboard-interactive',
        username,
        prompt: (_name, _instructions, _language, prompts, finish) => {
          const [first] = prompts;
          // One hidden answer is the password; what else a server may want to know, we do not know.
          finish(prompts.length === 1 && first?.echo !== true ? [password] : prompts.map(() => ''));
        },
      },
    },
  ];
}

async function readKeyFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TransportError('settings', `the key file ${file} cannot be read (${code ?? 'unknown'})`, { code });
  }
}

/** Those that cannot be read or are encrypted are passed over: nobody has named them. */
async function usualKeys(passphrase: string | undefined): Promise<{ file: string; key: ParsedKey }[]> {
  const keys: { file: string; key: ParsedKey }[] = [];
  for (const name of USUAL_KEY_FILES) {
    const file = join(homedir(), '.ssh', name);
    try {
      keys.push({ file, key: privateKey(await readFile(file), passphrase, file) });
    } catch {
      continue;
    }
  }
  return keys;
}

function privateKey(text: string | Buffer, passphrase: string | undefined, title: string): ParsedKey {
  const hash = createHash('sha256')
    .update(JSON.stringify([text.toString(), passphrase ?? null]))
    .digest('base64');
  const key = knownKeys.get(hash) ?? parsedKey(text, passphrase, title);
  // The one that was used last is kept longest.
  knownKeys.delete(hash);
  knownKeys.set(hash, key);
  for (const oldest of knownKeys.keys()) {
    if (knownKeys.size <= MAX_KNOWN_KEYS) break;
    knownKeys.delete(oldest);
  }
  return key;
}

function parsedKey(text: string | Buffer, passphrase: string | undefined, title: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && 'isPrivateKey' in key) {
    if (key.isPrivateKey()) return key;
    throw new TransportError('settings', `${title} holds a public key; the private one is needed`);
  }
  // The library's words are not repeated: they may tell of what it has found in the key.
  if (passphrase === undefined && /no passphrase given/i.test(key?.message ?? '')) {
    throw new TransportError('settings', `${title} is encrypted, and no passphrase is given`);
  }
  const orLocked = passphrase === undefined ? '' : ', or the passphrase is wrong';
  throw new TransportError('settings', `${title} cannot be used: it is no private key that is known here${orLocked}`);
}

/** Who wants to log on, and where. */
export interface Account extends NetworkAddress {
  readonly user: string;
}

/** Logs on by one way after the other, as far as the server accepts them. */
export class LogOnAttempts {
  /** Set when no way is left. */
  refusal: TransportError | undefined;
  readonly #server: Account;
  readonly #left: LogOn[];
  readonly #tried: string[] = [];
  readonly #troubles: string[] = [];

  constructor(server: Account, logOns: readonly LogOn[]) {
    this.#server = server;
    this.#left = [...logOns];
  }

  /** @param accepted methods that the server goes on with; null before it was asked */
  next(accepted: readonly string[] | null, use: LogOnChoice): void {
    // Asking with nothing costs no attempt, and tells what the server accepts.
    if (accepted === null) {
      use({ type: 'none', username: this.#server.user });
      return;
    }
    const at = this.#left.findIndex(({ method }) => accepted.includes(method));
    const [logOn] = at === -1 ? [] : this.#left.splice(at, 1);
    if (logOn === undefined) {
      this.refusal = this.#refused(accepted);
      use(false);
      return;
    }
    this.#tried.push(logOn.title);
    use(logOn.auth);
  }

  /** Whether an error is about one way only (an agent that does not answer), so that the next one is tried. */
  isAboutOne({ level, message }: SshFault): boolean {
    if (this.refusal !== undefined || (level !== 'agent' && level !== 'client-authentication')) return false;
    this.#troubles.push(printable(message));
    return true;
  }

  #refused(accepted: readonly string[]): TransportError {
    const { user } = this.#server;
    const tried = this.#tried.length === 0 ? 'nothing that it accepts is at hand' : `tried: ${this.#tried.join(', ')}`;
    const troubles = this.#troubles.length === 0 ? '' : `; ${this.#troubles.join('; ')}`;
    const methods = printable(accepted.join(', '));
    return new TransportError(
      'refused',
      `the ssh server ${addressText(this.#server)} does not let ${user} in (it accepts ${methods}; ${tried}${troubles})`,
    );
  }
}
