import type { z } from 'zod';
import { ComputeError, describeIssues, type JsonValue } from '../common/errors/index.js';
import { describeSchema, namesAt, schemaAt } from '../common/json-schema.js';
import { closest } from '../common/similar.js';

/** Places in the order of the document; "line 9" stands before "line 10". */
const inOrder = new Intl.Collator('en', { numeric: true });

/** One thing wrong with the configuration. */
export interface Mistake extends Record<string, JsonValue> {
  /** Dotted path of the key, e.g. `http.port`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** Where it stands: `line 4, column 3`, or the variable that brought it; null when it stands nowhere. */
  readonly at: string | null;
}

export type ConfigPath = readonly (string | number)[];

/** Tells where a path stands, in words. */
export type Locate = (path: ConfigPath) => string | null;

/** Collects everything that is wrong, so that it is reported at once. */
export class Mistakes {
  readonly #list: Mistake[] = [];

  constructor(
    private readonly origin: string,
    private readonly locate: Locate,
  ) {}

  add(path: ConfigPath, message: string, at: string | null = this.locate(path)): void {
    const text = pathText(path);
    if (this.#list.some((known) => known.path === text && known.message === message)) return;
    this.#list.push({ path: text, message, at });
  }

  /** Takes over what a schema found below `base`; unknown keys get a hint at what may have been meant. */
  addIssues(issues: readonly z.core.$ZodIssue[], schema: z.ZodType, base: ConfigPath = []): void {
    for (const issue of issues) {
      const path = [...base, ...placeOf(issue)];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) this.add([...path, key], unknownKey(key, schema, issue.path));
      } else if (issue.code === 'invalid_key') {
        for (const inner of issue.issues) this.add(path, inner.message);
      } else {
        for (const { path: below, message } of describeIssues([{ ...issue, path: [] }]).details as Mistake[]) {
          this.add(below === '' ? path : [...path, below], message);
        }
      }
    }
  }

  /** The same, but for places where something is wrong already: what a reference did not lead to is missing there. */
  addFurtherIssues(issues: readonly z.core.$ZodIssue[], schema: z.ZodType): void {
    this.addIssues(
      issues.filter((issue) => !this.has(placeOf(issue))),
      schema,
    );
  }

  get any(): boolean {
    return this.#list.length > 0;
  }

  /** Is something wrong with this very key already? */
  has(path: ConfigPath): boolean {
    const text = pathText(path);
    return this.#list.some((known) => known.path === text);
  }

  /** @throws ComputeError CONFIG_INVALID with `details.origin` and `details.mistakes` when anything is wrong. */
  throwIfAny(): void {
    if (!this.any) return;
    const mistakes = this.#list.toSorted((one, other) => inOrder.compare(one.at ?? '', other.at ?? ''));
    const lines = mistakes.map(mistakeText);
    const count = lines.length === 1 ? 'a mistake' : `${lines.length} mistakes`;
    throw new ComputeError('CONFIG_INVALID', `${this.origin} has ${count}: ${lines.join('; ')}`, {
      details: { origin: this.origin, mistakes },
    });
  }
}

/** `line 4, column 3: http.port: must be …`. */
export function mistakeText({ path, message, at }: Mistake): string {
  return [at, path, message].filter((part) => part !== null && part !== '').join(': ');
}

export function pathText(path: ConfigPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${part}`)).join('');
}

function placeOf({ path }: z.core.$ZodIssue): ConfigPath {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

function unknownKey(key: string, schema: z.ZodType, path: readonly PropertyKey[]): string {
  const names = namesAt(schemaAt(describeSchema(schema), path.map(String)));
  const meant = closest(key, names);
  if (meant !== undefined) return `unknown key; did you mean ${meant}?`;
  return names.length > 0 ? `unknown key; known here: ${names.join(', ')}` : 'unknown key';
}
