/** What the HMC measured of one object: a row of a metric group. */
export interface MetricRow {
  readonly group: string;
  readonly uri: string;
  /** By name; what the row does not hold is absent. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Reads the text of a metrics context (hmc-dpm.md section 16): groups, in them objects, in them rows of values, each with an
 * empty line at its end.
 *
 * @param columns names of the values of each group, in order
 * @returns undefined when it is no such text
 */
export function parseMetrics(
  text: string,
  columns: ReadonlyMap<string, readonly string[]>,
): readonly MetricRow[] | undefined {
  const lines = text.split(/\r?\n/);
  const rows: MetricRow[] = [];
  let at = 0;
  while (at < lines.length) {
    const head = lines[at++];
    if (head === undefined || head === '') continue;
    const [group = ''] = cells(head);
    const names = columns.get(group);
    if (names === undefined) return undefined;
    while (lines[at] !== undefined && lines[at] !== '') {
      const [uri = ''] = cells(lines[at] ?? '');
      // The time after the address is not used: on real systems it is now and then thousands of years away.
      if (!uri.startsWith('/api/') || !/^-?\d+$/.test(lines[at + 1] ?? '')) return undefined;
      at += 2;
      for (; lines[at] !== undefined && lines[at] !== ''; at += 1)
        rows.push({ group, uri, values: valuesOf(lines[at] ?? '', names) });
      at += 1;
    }
  }
  return rows;
}

function valuesOf(line: string, names: readonly string[]): ReadonlyMap<string, string> {
  const found = cells(line);
  return new Map(names.flatMap((name, i) => (found[i] === undefined || found[i] === '' ? [] : [[name, found[i]]])));
}

/** The values of a line: separated by commas, texts in quotes, in which a quote is doubled or follows a backslash. */
function cells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"\\]|""|\\.)*)"|([^,]*))/g)].map(([, quoted, plain = '']) =>
    quoted === undefined
      ? plain.trim()
      : quoted.replace(/""|\\(.)/g, (pair, escaped?: string) => escaped ?? pair.charAt(0)),
  );
}
