import type { z } from 'zod';
import { isRecord } from '../common/record.js';
import { Secret } from '../common/secret.js';
import { Mistakes, SecretReferences, inOurWords, parseSource, type Environment } from '../config/index.js';
import { readText } from './machine-import/read-text.js';

/** What is in base64 on the wire. */
const WHOLE_FIELDS: ReadonlySet<string> = new Set(['content']);

/**
 * Completes a request with the fields of a YAML or JSON file; what is given on the command line wins. A secret field is a
 * reference there, `{file: …}` or `{env: …}`; the `content` of a file for the guest is what its reference leads to, byte by byte.
 *
 * @throws ComputeError CONFIG_INVALID with every mistake and its place, none of them with a secret
 */
export function readRequestFile<Params>(
  file: string,
  given: Readonly<Record<string, unknown>>,
  schema: z.ZodType<Params>,
  environment: Environment,
): Params {
  const source = parseSource(readText(file), file);
  const mistakes = new Mistakes(file, source.locate);
  const references = new SecretReferences(source.directory, environment, mistakes, WHOLE_FIELDS);
  const written = plain(references.resolveFields(source.document, []));
  const parsed = schema.safeParse({ ...(written as object), ...given }, inOurWords);
  mistakes.addFurtherIssues(parsed.error?.issues ?? [], schema);
  mistakes.throwIfAny();
  if (!parsed.success) throw new Error('a schema failed without an issue');
  return parsed.data;
}

/** As it goes over the wire. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
