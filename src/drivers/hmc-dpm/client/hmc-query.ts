/**
 * A Java regular expression that matches exactly this text: filters of the HMC are regular expressions over the whole
 * value (hmc-dpm.md section 7). `\Q…\E` quotes everything but `\E` itself.
 */
export function exactly(text: string): string {
  return `\\Q${text.replaceAll('\\E', '\\E\\\\E\\Q')}\\E`;
}

/** A query string with its `?`, or nothing; a blank becomes `%20`, never `+`. */
export function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encode(name)}=${encode(value)}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Whatever is not unreserved in RFC 3986 is encoded, also the five that encodeURIComponent leaves. */
function encode(text: string): string {
  // The way through UTF-8 replaces lone surrogates, which encodeURIComponent throws at.
  return encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
