import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, isMap, isNode, isPair, isScalar, parseDocument, visit, type Document, type Node } from 'yaml';
import { ComputeError, errorCodeOf } from '../common/errors/index.js';
import type { Environment } from './environment.js';
import type { ConfigPath, Locate } from './mistakes.js';

export const SYSTEM_CONFIG_FILE = '/etc/zenova/zenova.yaml';
export const SIMULATED_ESTATE = 'built-in simulated estate';

const ASTERISK = "what begins with an asterisk needs quotes, as in ['*']; without them YAML takes it for a reference";
/** Where the parser's words would not help. */
const OUR_WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands here twice',
  BAD_ALIAS: ASTERISK,
};

const MAX_FILE_BYTES = 1 << 20;

/** A configuration before it is checked. */
export interface ConfigSource {
  /** Where it comes from, for people. */
  readonly origin: string;
  readonly isSimulatedEstate: boolean;
  /** The YAML text's data. */
  readonly document: Record<string, unknown>;
  /** Relative paths in the configuration count from here. */
  readonly directory: string;
  readonly locate: Locate;
}

export interface FindOptions {
  /** The file that `--config` names. */
  readonly file?: string | undefined;
  readonly environment: Environment;
  /** For tests. */
  readonly systemFile?: string;
}

/**
 * Finds and reads the configuration: the file that `--config` names, else the one in ZENOVA_CONFIG, else
 * /etc/zenova/zenova.yaml if there is one, else nothing, which stands for the simulated estate.
 *
 * @throws ComputeError CONFIG_INVALID when a named file is missing or is no YAML map; the message has line and column.
 */
export function findConfig({ file, environment, systemFile = SYSTEM_CONFIG_FILE }: FindOptions): ConfigSource {
  if (file !== undefined) return readSource(file, 'named by --config');
  const named = environment['ZENOVA_CONFIG'];
  if (named !== undefined && named !== '') return readSource(named, 'named by ZENOVA_CONFIG');
  if (existsSync(systemFile)) return readSource(systemFile, 'the system configuration');
  return {
    origin: SIMULATED_ESTATE,
    isSimulatedEstate: true,
    document: {},
    directory: process.cwd(),
    locate: () => null,
  };
}

function readSource(file: string, why: string): ConfigSource {
  const path = resolve(file);
  return parseSource(readText(path, why), path);
}

/** @throws ComputeError CONFIG_INVALID */
export function parseSource(text: string, path: string): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const where = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const faults = [...document.errors, ...document.warnings].map((fault) => ({
    path: '',
    at: where(fault.pos[0]),
    message: OUR_WORDS[fault.code] ?? fault.message,
  }));
  visit(document, {
    Alias(_, alias) {
      if (alias.source !== '' && alias.resolve(document) === undefined)
        faults.push({ path: '', at: where(startOf(alias) ?? 0), message: ASTERISK });
    },
  });
  if (faults.length > 0) {
    const text = faults.map(({ at, message }) => `${at}: ${message}`).join('; ');
    throw new ComputeError('CONFIG_INVALID', `${path} is no valid YAML: ${text}`, {
      details: { origin: path, mistakes: faults },
    });
  }
  return {
    origin: path,
    isSimulatedEstate: false,
    document: toData(document, path),
    directory: dirname(path),
    locate: (configPath) => {
      const offset = offsetOf(document, configPath);
      return offset === undefined ? null : where(offset);
    },
  };
}

function toData(document: Document, path: string): Record<string, unknown> {
  if (document.contents === null) return {};
  if (!isMap(document.contents)) {
    throw new ComputeError('CONFIG_INVALID', `${path} must hold a map of keys, such as "hosts:"`, {
      details: { origin: path, mistakes: [] },
    });
  }
  try {
    return document.toJS({ maxAliasCount: 50 }) as Record<string, unknown>;
  } catch (error) {
    throw new ComputeError('CONFIG_INVALID', `${path} refers to its own parts too often`, {
      cause: error,
      details: { origin: path, mistakes: [] },
    });
  }
}

function readText(path: string, why: string): string {
  try {
    if (statSync(path).size > MAX_FILE_BYTES) {
      throw new ComputeError('CONFIG_INVALID', `${path} (${why}) is larger than 1 MiB`);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ComputeError) throw error;
    const reason = errorCodeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${errorCodeOf(error)})`;
    throw new ComputeError('CONFIG_INVALID', `configuration file ${path} (${why}) ${reason}`, { cause: error });
  }
}

/** Where the key at a path stands; the nearest enclosing one when the path goes on. */
function offsetOf(document: Document, path: ConfigPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === part);
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (typeof part === 'number' && isNode(node) && 'items' in node) {
      node = (node.items as unknown[])[part];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? ((node as Node).range?.[0] ?? undefined) : undefined;
}
