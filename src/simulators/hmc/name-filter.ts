import { refuse } from './hmc-error.js';

const LONGEST_PATTERN = 400;
/** Bounds on what a backtracking engine may be asked to do; names have at most 64 characters. */
const MOST_QUANTIFIERS = 4;
const MOST_INNER_CHOICES = 8;

/** Escapes that mean the same in Java and in JavaScript. */
const SHARED_ESCAPES = 'dDwWsStnrf';

/**
 * Translates a Java regular expression, which must match the whole value (hmc-dpm.md section 7), to a JavaScript one.
 * Understood: literals, `\Q..\E`, classes, groups, alternation, greedy and lazy quantifiers. Constructs that the two
 * languages read differently are refused rather than misread, and so are patterns that could backtrack for ever.
 * Throws an HmcError 400.
 */
export function compileNameFilter(parameter: string, pattern: string): RegExp {
  if (pattern.length > LONGEST_PATTERN) throw refuse.badQueryParameter(parameter, 'the pattern is too long');
  try {
    return new RegExp(`^(?:${new Translation(pattern).run()})$`, 'u');
  } catch (error) {
    throw refuse.badQueryParameter(parameter, (error as Error).message);
  }
}

class Translation {
  #at = 0;
  #out = '';
  #quantifiers = 0;
  #innerChoices = 0;
  /** One entry per open group: whether it holds something that makes repeating it dangerous. */
  readonly #groups: { hasChoice: boolean }[] = [];
  #closedGroup: { hasChoice: boolean } | null = null;

  constructor(private readonly pattern: string) {}

  run(): string {
    while (this.#at < this.pattern.length) this.#step();
    return this.#out;
  }

  #step(): void {
    const rest = this.pattern.slice(this.#at);
    const char = rest.charAt(0);
    const quantifier = /^(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})/.exec(rest)?.[0];
    if (quantifier !== undefined) {
      this.#quantify(quantifier);
      return;
    }
    this.#closedGroup = null;
    if (rest.startsWith('\\Q')) this.#quoted(rest);
    else if (char === '\\') this.#emit(2, translateEscape(rest.charAt(1)));
    else if (char === '[') this.#class(rest);
    else if (char === '(') this.#open(rest);
    else if (char === ')') this.#close();
    else if (char === '|') this.#choice();
    else if (char === '{') throw new Error('a brace that is not a quantifier');
    else if (char === ']' || char === '}') this.#emit(1, `\\${char}`);
    else this.#emit(1, char);
  }

  #emit(consumed: number, text: string): void {
    this.#at += consumed;
    this.#out += text;
  }

  #quoted(rest: string): void {
    const end = rest.indexOf('\\E', 2);
    const literal = end === -1 ? rest.slice(2) : rest.slice(2, end);
    this.#emit(end === -1 ? rest.length : end + 2, escapeLiteral(literal));
  }

  #class(rest: string): void {
    const body = /^\[\^?(?:[^\\[\]&]|\\[^QE])+\]/.exec(rest)?.[0];
    if (body === undefined) throw new Error('a character class of a kind that is not supported');
    const inner = body.slice(1, -1).replaceAll(/\\(.)/gs, (_match, char: string) => translateEscape(char));
    this.#emit(body.length, `[${inner}]`);
  }

  #open(rest: string): void {
    const head = /^\((?:\?(?::|=|!))?/.exec(rest)?.[0] ?? '(';
    if (head === '(' && rest.charAt(1) === '?') throw new Error('a group of a kind that is not supported');
    this.#groups.push({ hasChoice: false });
    this.#emit(head.length, head);
  }

  #close(): void {
    const group = this.#groups.pop();
    if (group === undefined) throw new Error('an unmatched )');
    const outer = this.#groups.at(-1);
    if (group.hasChoice && outer !== undefined) outer.hasChoice = true;
    this.#closedGroup = group;
    this.#emit(1, ')');
  }

  #choice(): void {
    const group = this.#groups.at(-1);
    if (group !== undefined) {
      group.hasChoice = true;
      this.#innerChoices += 1;
      if (this.#innerChoices > MOST_INNER_CHOICES) throw new Error('too many alternatives');
    }
    this.#emit(1, '|');
  }

  #quantify(quantifier: string): void {
    const after = this.pattern.charAt(this.#at + quantifier.length);
    if (after === '+') throw new Error('possessive quantifiers are not supported');
    if (this.#closedGroup?.hasChoice === true) throw new Error('repeating a group that itself varies is not supported');
    this.#closedGroup = null;
    this.#quantifiers += 1;
    if (this.#quantifiers > MOST_QUANTIFIERS) throw new Error('too many quantifiers');
    const group = this.#groups.at(-1);
    if (group !== undefined) group.hasChoice = true;
    const isLazy = after === '?';
    this.#emit(quantifier.length + (isLazy ? 1 : 0), quantifier + (isLazy ? '?' : ''));
  }
}

function translateEscape(char: string): string {
  if (SHARED_ESCAPES.includes(char) && char !== '') return `\\${char}`;
  if (char === '' || /[A-Za-z0-9]/.test(char)) throw new Error(`the escape \\${char} is not supported`);
  return escapeLiteral(char);
}

/** In unicode mode JavaScript accepts a backslash before syntax characters only. */
function escapeLiteral(text: string): string {
  return text.replaceAll(/[\^$\\.*+?()[\]{}|/]/g, '\\$&').replaceAll('-', '\\x2d');
}
