import { parse } from 'yaml';
import { namesAt, type SchemaNode } from '../common/json-schema.js';
import { isRecord } from '../common/record.js';
import { isSecretField } from '../common/secret.js';
import { closest } from '../common/similar.js';
import type { Environment } from './environment.js';
import type { Mistakes } from './mistakes.js';

/** Short names for the two settings that every installation touches. */
export const SHORT_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  ZENOVA_AMQP_URL: ['amqp', 'url'],
  ZENOVA_STATE_DIR: ['state_dir'],
};

/** `ZENOVA__HTTP__PORT=8781` sets `http.port`. */
export const OVERRIDE_PREFIX = 'ZENOVA__';

export interface Override {
  readonly variable: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * The settings that the environment overrides. Parts of a name are compared with the keys of the file and the schema
 * without regard to case, and `_` stands for any of `_`, `-` and `.`; text is taken as it is where text is due and read
 * as YAML elsewhere. A secret's variable is itself the reference to it.
 */
export function readOverrides(
  environment: Environment,
  document: Record<string, unknown>,
  schemaFor: (path: readonly string[]) => SchemaNode | undefined,
  mistakes: Mistakes,
): Override[] {
  const overrides: Override[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    const written = SHORT_VARIABLES[variable] ?? pathOf(variable);
    if (written === undefined || text === undefined || (text === '' && variable in SHORT_VARIABLES)) continue;
    const path = matchPath(written, document, schemaFor);
    const node = schemaFor(path);
    if (node === undefined) {
      mistakes.add(path, `there is no such setting${hint(path, schemaFor)}`, variable);
    } else if (node.properties !== undefined) {
      mistakes.add(path, 'is a section; set one of its keys', variable);
    } else {
      overrides.push({ variable, path, value: valueFor(variable, text, path, node) });
    }
  }
  return overrides;
}

/** A copy of the document with the overrides in it. */
export function applyOverrides(document: Record<string, unknown>, overrides: readonly Override[]) {
  return overrides.reduce((current, { path, value }) => withValue(current, path, value), document);
}

function pathOf(variable: string): string[] | undefined {
  if (!variable.startsWith(OVERRIDE_PREFIX)) return undefined;
  return variable.slice(OVERRIDE_PREFIX.length).split('__');
}

function matchPath(
  written: readonly string[],
  document: unknown,
  schemaFor: (path: readonly string[]) => SchemaNode | undefined,
): string[] {
  const path: string[] = [];
  let value: unknown = document;
  for (const part of written) {
    const present = isRecord(value) ? Object.keys(value) : [];
    const name = [...present, ...namesAt(schemaFor(path))].find((key) => plain(key) === plain(part));
    path.push(name ?? part.toLowerCase());
    value = isRecord(value) && name !== undefined ? value[name] : undefined;
  }
  return path;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-.]/g, '_');
}

function valueFor(variable: string, text: string, path: readonly string[], node: SchemaNode): unknown {
  if (isSecretField(path.at(-1) ?? '')) return { env: variable };
  if (node.type === undefined || node.type === 'string') return text;
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    return text;
  }
}

function hint(path: readonly string[], schemaFor: (path: readonly string[]) => SchemaNode | undefined): string {
  const parent = path.slice(0, -1);
  const meant = closest(path.at(-1) ?? '', namesAt(schemaFor(parent)));
  if (meant !== undefined) return `; did you mean ${[...parent, meant].join('.')}?`;
  return `; two underscores join the parts of a path, as in ${OVERRIDE_PREFIX}HTTP__PORT`;
}

function withValue(document: unknown, path: readonly string[], value: unknown): Record<string, unknown> {
  const [head = '', ...rest] = path;
  const base = isRecord(document) ? document : {};
  return { ...base, [head]: rest.length === 0 ? value : withValue(base[head], rest, value) };
}
