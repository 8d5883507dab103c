import { randomBytes } from 'node:crypto';

/** A secret that is looked for wherever it must not be. */
export class Canary {
  private constructor(
    readonly name: string,
    readonly text: string,
    private readonly forms: readonly (readonly [string, Buffer])[],
  ) {}

  /** For places that take any text: with what JSON, URLs and shells write differently, round a core that stays as it is. */
  static of(name: string): Canary {
    const core = randomBytes(12).toString('hex');
    return new Canary(name, `"%\\${core}é'&`, formsOfText(core));
  }

  /** For places that take letters and digits only. */
  static plain(name: string, text = randomBytes(12).toString('hex')): Canary {
    return new Canary(name, text, formsOfText(text));
  }

  static key(name: string, base64: string): Canary {
    const bytes = Buffer.from(base64, 'base64');
    return new Canary(name, base64, [
      ['as bytes', bytes],
      ['in hex', Buffer.from(bytes.toString('hex'))],
      ['in upper hex', Buffer.from(bytes.toString('hex').toUpperCase())],
      ...formsOfText(bytes.toString('base64').replace('=', '')),
      ...formsOfText(bytes.toString('base64url')),
    ]);
  }

  /** The form in which it stands there, and what stands before it; undefined when it does not. */
  foundIn(output: Buffer): { form: string; before: string } | undefined {
    const found = this.forms.find(([, form]) => output.includes(form));
    if (found === undefined) return undefined;
    const at = output.indexOf(found[1]);
    return { form: found[0], before: output.toString('latin1', Math.max(0, at - 80), at) };
  }
}

/** Everything that leaked, for people, with what stands before it: `password of the broker, in hex, in the log: …`. */
export function leaks(canaries: readonly Canary[], outputs: ReadonlyMap<string, Buffer>): string[] {
  return [...outputs].flatMap(([name, output]) =>
    canaries.flatMap((canary) => {
      const found = canary.foundIn(output);
      return found === undefined ? [] : [`${canary.name}, ${found.form}, in ${name}: …${found.before}`];
    }),
  );
}

function formsOfText(text: string): [string, Buffer][] {
  const bytes = Buffer.from(text);
  return [
    ['as it is', bytes],
    ['in hex', Buffer.from(bytes.toString('hex'))],
    ['in upper hex', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['in UTF-16', Buffer.from(text, 'utf16le')],
    ...[0, 1, 2].flatMap((shift): [string, Buffer][] => {
      const base64 = withinBase64(bytes, shift);
      return [
        [`in base64, ${shift} bytes after a boundary`, Buffer.from(base64)],
        [
          `in base64url, ${shift} bytes after a boundary`,
          Buffer.from(base64.replaceAll('+', '-').replaceAll('/', '_')),
        ],
      ];
    }),
  ];
}

/** Those characters of a text in base64 that do not depend on what stands before and after it. */
function withinBase64(bytes: Buffer, shift: number): string {
  const all = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return all.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
}
