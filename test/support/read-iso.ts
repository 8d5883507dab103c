import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is on an ISO image, as somebody reads it who knows nothing of us. */
export interface IsoContent {
  readonly label: string;
  /** By path: `/meta-data`. */
  readonly files: Readonly<Record<string, Buffer>>;
}

/** Where ISO 9660 has the name of a volume (ECMA-119, 6.2.1 and 8.4.7). */
const LABEL = { at: 16 * 2048 + 40, bytes: 32 } as const;

export function readIso(file: string): IsoContent {
  const to = mkdtempSync(join(tmpdir(), 'zenova-read-iso-'));
  try {
    execFileSync('xorriso', ['-no_rc', '-osirrox', 'on', '-indev', file, '-extract', '/', to], { stdio: 'ignore' });
    return {
      label: readFileSync(file)
        .toString('latin1', LABEL.at, LABEL.at + LABEL.bytes)
        .trimEnd(),
      files: Object.fromEntries(filesIn(to).map((path) => [path.slice(to.length), readFileSync(path)])),
    };
  } finally {
    rmSync(to, { recursive: true });
  }
}

/** They are as nobody may change them on the image, so that nobody could remove them either. */
function filesIn(folder: string): string[] {
  chmodSync(folder, 0o700);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    if (!entry.isFile()) return [];
    chmodSync(path, 0o600);
    return [path];
  });
}
