import type { z } from 'zod';
import { describeIssues } from '../../../common/errors/index.js';
import type { HttpAnswer } from '../../../connectors/http/index.js';
import { HmcError } from './hmc-error.js';
import { ErrorBodySchema } from './hmc-schemas.js';

/** Longest text of the HMC that goes on. */
export const LONGEST_TEXT = 500;

/** A good answer as a schema wants it. @throws HmcError */
export function decodeAnswer<S extends z.ZodType>(
  { status, body }: HttpAnswer,
  schema: S,
  changes: boolean,
): z.output<S> {
  const fail = (text: string): HmcError =>
    new HmcError({ kind: 'unreadable', changes, text: text.slice(0, LONGEST_TEXT), status });
  if (body.kind !== 'json') throw fail('the answer is empty');
  const result = schema.safeParse(body.value);
  if (result.success) return result.data;
  throw fail(`the answer is not what was asked for: ${describeIssues(result.error.issues).text}`);
}

/** What an answer says that is no good one; `scrub` bounds its text and takes secrets out. */
export function refusalOf({ status, body }: HttpAnswer, changes: boolean, scrub: (text: string) => string): HmcError {
  if (body.kind === 'html') return new HmcError({ kind: 'html', changes, status, text: scrub(pageText(body.text)) });
  if (body.kind === 'unreadable') return new HmcError({ kind: 'unreadable', changes, status, text: scrub(body.why) });
  const said = ErrorBodySchema.safeParse(body.kind === 'json' ? body.value : {});
  const { reason, message } = said.success ? said.data : {};
  return new HmcError({
    kind: 'refused',
    changes,
    status,
    ...(reason === undefined ? {} : { reason }),
    text: scrub(message ?? `status ${status} without a message`),
  });
}

/** The words of a web page, without its marks. */
function pageText(html: string): string {
  return html
    .slice(0, 20_000)
    .replace(/<(script|style)\b[^]*?(<\/\1>|$)/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
