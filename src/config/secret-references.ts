import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { errorCodeOf } from '../common/errors/index.js';
import { isRecord } from '../common/record.js';
import { Secret, isSecretField } from '../common/secret.js';
import type { Environment } from './environment.js';
import type { ConfigPath, Mistakes } from './mistakes.js';

const ReferenceSchema = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ env: z.string().min(1) }),
]);

const MAX_SECRET_BYTES = 64 << 10;
const HOW = 'write {file: /path/to/secret} or {env: NAME_OF_VARIABLE}';

/** Puts a {@link Secret} where the configuration refers to one. Each mistake is collected; none holds a secret. */
export class SecretReferences {
  /** @param whole names of fields that take what a reference leads to byte by byte, and have it in base64 */
  constructor(
    private readonly directory: string,
    private readonly environment: Environment,
    private readonly mistakes: Mistakes,
    private readonly whole: ReadonlySet<string> = new Set(),
  ) {}

  /** A copy in which every secret field, at any depth, is resolved; a secret written in clear is refused. */
  resolveFields(value: unknown, path: ConfigPath): unknown {
    if (value instanceof Secret) return value;
    if (Array.isArray(value)) return value.map((item, i) => this.resolveFields(item, [...path, i]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, item]: [string, unknown]) => {
        const here = [...path, name];
        if (!isSecretField(name)) return [[name, this.resolveFields(item, here)]];
        const secret = this.#secretField(item, here);
        return secret === undefined ? [] : [[name, secret]];
      }),
    );
  }

  /** A copy of a list of secrets with every reference resolved; those that lead nowhere are left out. */
  resolveList(value: unknown, path: ConfigPath): unknown {
    if (!Array.isArray(value)) return value;
    return value.flatMap((item, i) => this.#secretField(item, [...path, i]) ?? []);
  }

  /** A copy of a map of secrets with every reference resolved; those that lead nowhere are left out. */
  resolveMap(value: unknown, path: ConfigPath): unknown {
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, item]) => {
        const secret = this.#secretField(item, [...path, name]);
        return secret === undefined ? [] : [[name, secret]];
      }),
    );
  }

  /** Text as it is, or what a reference leads to: for values that need not be secret but may be. */
  resolveText(value: unknown, path: ConfigPath): unknown {
    if (typeof value === 'string') return new Secret(value);
    const reference = ReferenceSchema.safeParse(value);
    return reference.success ? this.#resolve(reference.data, path) : value;
  }

  /** A file's text, without the line end it closes with; undefined, and a mistake, when it cannot be had. */
  readFile(file: string, path: ConfigPath, rights: 'private' | 'any'): string | undefined {
    return this.#readBytes(file, path, rights)?.toString('utf8');
  }

  #readBytes(file: string, path: ConfigPath, rights: 'private' | 'any'): Buffer | undefined {
    const name = isAbsolute(file) ? file : resolve(this.directory, file);
    try {
      const { mode, size } = statSync(name);
      if (rights === 'private' && (mode & 0o007) !== 0) {
        const octal = (mode & 0o777).toString(8).padStart(4, '0');
        this.mistakes.add(path, `${name} is open to every user (mode ${octal}); run: chmod o-rwx ${name}`);
        return undefined;
      }
      if (size > MAX_SECRET_BYTES) {
        this.mistakes.add(path, `${name} is larger than 64 KiB`);
        return undefined;
      }
      return readFileSync(name);
    } catch (error) {
      const code = errorCodeOf(error) ?? 'unknown error';
      this.mistakes.add(path, code === 'ENOENT' ? `${name} does not exist` : `${name} cannot be read (${code})`);
      return undefined;
    }
  }

  #secretField(value: unknown, path: ConfigPath): Secret | undefined {
    if (value instanceof Secret) return value;
    const reference = ReferenceSchema.safeParse(value);
    if (reference.success) return this.#resolve(reference.data, path);
    const isPlain = typeof value === 'string' || typeof value === 'number';
    this.mistakes.add(path, isPlain ? `a secret is not written here in clear; ${HOW}` : HOW);
    return undefined;
  }

  #resolve(reference: z.output<typeof ReferenceSchema>, path: ConfigPath): Secret | undefined {
    const isWhole = this.whole.has(String(path.at(-1)));
    if ('env' in reference) {
      const value = this.environment[reference.env];
      if (value !== undefined && value !== '') return new Secret(isWhole ? base64(Buffer.from(value)) : value);
      this.mistakes.add(path, `the environment variable ${reference.env} is ${value === '' ? 'empty' : 'not set'}`);
      return undefined;
    }
    if (isWhole) {
      const bytes = this.#readBytes(reference.file, path, 'private');
      return bytes === undefined ? undefined : new Secret(base64(bytes));
    }
    const text = this.readFile(reference.file, path, 'private')?.replace(/\r?\n$/, '');
    if (text === '') this.mistakes.add(path, `${reference.file} is empty`);
    return text === undefined || text === '' ? undefined : new Secret(text);
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
