import { readFileSync } from 'node:fs';

const SYSINFO = '/proc/sysinfo';
/** Lines in which s390x Linux names the LPAR or guest it runs in. */
const NAME_LINES = /^(?:LPAR Name|LPAR Extended Name|VM\d\d Name|VM\d\d Extended Name):[ \t]*(\S.*?)[ \t]*$/gm;

/** Names of the LPAR and the guests that this process runs in; none on other architectures. */
export function selfNames(file: string = SYSINFO): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return [...text.matchAll(NAME_LINES)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}
