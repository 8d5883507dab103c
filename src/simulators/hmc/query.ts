import { refuse } from './hmc-error.js';

/** Query parameters; a repeated one has several values. */
export class Query {
  constructor(private readonly values: ReadonlyMap<string, readonly string[]>) {}

  /** Percent-decodes; a `+` stays a plus (hmc-dpm.md section 1). Throws 400,1 for unknown names and broken escapes. */
  static parse(raw: string, known: readonly string[]): Query {
    const values = new Map<string, string[]>();
    for (const pair of raw.split('&').filter((part) => part !== '')) {
      const equals = pair.indexOf('=');
      const name = decode(equals === -1 ? pair : pair.slice(0, equals));
      if (!known.includes(name)) throw refuse.unknownQueryParameter(name);
      const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
      values.set(name, [...(values.get(name) ?? []), value]);
    }
    return new Query(values);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  /** The names in a comma separated list, however often the parameter is given. */
  names(name: string): readonly string[] {
    return this.all(name)
      .flatMap((value) => value.split(','))
      .filter((part) => part !== '');
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse.unknownQueryParameter(text);
  }
}
