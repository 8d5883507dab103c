import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { helperCommand, netcatCommand, shellWord } from './ssh-command.js';

const anything = string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text));
const nasty = string({ unit: constantFrom(...Array.from(`'"\\$\`!&|;<>(){}[]*?~#= -a/`)), maxLength: 40 });

describe('a word for a shell', () => {
  test.each(['/bin/sh', '/bin/bash'])('is the same word after %s has read it', (shell) => {
    assert(
      property(array(oneof(anything, nasty), { minLength: 1, maxLength: 200 }), (words) => {
        const command = `printf '%s\\n' ${words.map(shellWord).join(' ')}`;
        const said = execFileSync(shell, ['-c', command], {
          encoding: 'utf8',
          env: {},
          stdio: ['ignore', 'pipe', 'inherit'], // bash takes a socket on its input for a logon, and reads .bashrc
        });
        expect(said).toBe(words.map((word) => `${word}\n`).join(''));
      }),
      { numRuns: 25 },
    );
  });

  test.each(['a\nb', 'a\0b', 'a\rb', '\u001B[2J', '\u0085'])('holds no control character (%j)', (text) => {
    expect(() => shellWord(text)).toThrow('a control character cannot be part of a command');
  });
});

test('the commands for the far end', () => {
  expect(helperCommand({ driverUri: 'qemu:///system', isReadOnly: false })).toBe("virt-ssh-helper -- 'qemu:///system'");
  expect(helperCommand({ driverUri: '-x', isReadOnly: true })).toBe("virt-ssh-helper -r -- '-x'");
  expect(netcatCommand('nc', "/it's here")).toBe(`'nc' -U '/it'\\''s here'`);
});
