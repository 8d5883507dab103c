import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is on an ISO image, as somebody reads it who knows nothing of us. */
export interface IsoContent {
  readonly label: string;
  /** By path: `/meta-data`. */
  readonly files: Readonly<Record<string, Buffer>>;
}

export function readIso(file: string): IsoContent {
  const root = mkdtempSync(join(tmpdir(), 'zenova-read-iso-'));
  try {
    const to = join(root, 'read');
    execFileSync('xorriso', ['-no_rc', '-osirrox', 'on', '-indev', file, '-extract', '/', to], { stdio: 'ignore' });
    execFileSync('chmod', ['-R', 'u+rwX', to]);
    const paths = execFileSync('find', ['.', '-type', 'f'], { cwd: to, encoding: 'utf8' }).split('\n').filter(Boolean);
    const info = execFileSync('xorriso', ['-no_rc', '-indev', file, '-pvd_info'], { encoding: 'utf8', stdio: 'pipe' });
    return {
      label: /^Volume Id\s*: (.*)$/m.exec(info)?.[1] ?? '',
      files: Object.fromEntries(paths.map((path) => [path.slice(1), readFileSync(join(to, path))])),
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}
