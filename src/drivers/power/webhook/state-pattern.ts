import { RE2JS, RE2JSSyntaxException } from 're2js';
import { z } from 'zod';

/** As MAAS has them (power-drivers.md section 24). */
export const DEFAULT_ON_PATTERN = 'status.*\\:.*running';
export const DEFAULT_OFF_PATTERN = 'status.*\\:.*stopped';

/** The time of a search grows with this number and with the length of the text (ADR 0012). */
const MOST_INSTRUCTIONS = 120;

/** An expression that is searched for in answers, in time that grows with their length only. */
export interface StatePattern {
  readonly isDefault: boolean;
  isIn(answer: string): boolean;
}

/** A regular expression in the syntax of RE2, which is Python's without look-around and back-references. */
export const StatePatternSchema = z
  .string()
  .min(1)
  .max(255)
  .transform((text, context): StatePattern => {
    const compiled = compile(text);
    if (typeof compiled === 'string') {
      context.addIssue({ code: 'custom', message: compiled });
      return z.NEVER;
    }
    const isDefault = text === DEFAULT_ON_PATTERN || text === DEFAULT_OFF_PATTERN;
    return { isDefault, isIn: (answer) => compiled.test(answer) };
  });

/** The expression, or what is wrong with it. */
function compile(text: string): RE2JS | string {
  try {
    const compiled = RE2JS.compile(text);
    if (compiled.programSize() <= MOST_INSTRUCTIONS) return compiled;
    return 'is too large a regular expression: it repeats, or lists, too much';
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const at = error.getPattern();
    const where = at === null || at === '' ? '' : ` at ${JSON.stringify(at)}`;
    return `is no regular expression: ${error.getDescription()}${where} (look-around and back-references cannot be had: they take time without bound)`;
  }
}
