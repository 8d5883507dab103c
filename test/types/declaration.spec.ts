import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../..');

describe('declarations', () => {
  // Each wrong declaration stands under an @ts-expect-error, which is itself an error when the compiler accepts the line.
  it('that contradict their driver do not compile', () => {
    const tsc = resolve(ROOT, 'node_modules/typescript/bin/tsc');
    const check = (): string =>
      execFileSync(process.execPath, [tsc, '--noEmit', '-p', 'test/types/tsconfig.json'], {
        cwd: ROOT,
        encoding: 'utf8',
      });
    expect(check()).toBe('');
  });
});
