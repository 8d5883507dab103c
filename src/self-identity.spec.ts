import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { selfNames } from './self-identity.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-self-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function namesIn(text: string): string[] {
  const file = join(directory, 'sysinfo');
  writeFileSync(file, text);
  return selfNames(file);
}

describe('the names of what the service runs in', () => {
  it('are those of the LPAR and of every guest', () => {
    const sysinfo = [
      'LPAR Number:          11',
      'LPAR Name:            LP11    ',
      'LPAR Extended Name:   production-11',
      'VM00 Name:            LINUX01',
      'VM00 Control Program: z/VM    7.3.0',
    ];
    expect(namesIn(`${sysinfo.join('\n')}\n`)).toEqual(['LP11', 'production-11', 'LINUX01']);
  });

  it('are not taken from the next line when there is none', () => {
    expect(namesIn('LPAR Name:            \nLPAR Adjustment:      300\n')).toEqual([]);
  });

  it('are none where the machine does not tell', () => {
    expect(selfNames(join(directory, 'nothing'))).toEqual([]);
  });
});
