import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { validate } from 'dockerfile-utils';
import { DockerfileParser } from 'dockerfile-ast';

const file = readFileSync(resolve(import.meta.dirname, '../../packaging/container/Containerfile'), 'utf8');
const parsed = DockerfileParser.parse(file);

describe('the container file', () => {
  it('has nothing that the linter complains about', () => {
    expect(validate(file)).toEqual([]);
  });

  it('would not pass the linter with a mistake', () => {
    expect(validate(file.replace('USER 10001', 'USRE 10001'))).not.toEqual([]);
  });

  it('takes images of Debian itself, and names no registry', () => {
    const images = parsed.getFROMs().map((from) => [from.getImage(), from.getRegistry()]);
    expect(images).toEqual([
      ['debian:${DEBIAN}', null],
      ['debian:${DEBIAN}', null],
    ]);
    expect(file).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/);
  });

  it('holds all that is published and is there before the build, so that nothing is missing at run time', () => {
    const read = (name: string): string => readFileSync(resolve(import.meta.dirname, '../..', name), 'utf8');
    const { files } = JSON.parse(read('package.json')) as { files: string[] };
    const copied = parsed.getCOPYs().flatMap((copy) => copy.getArguments().slice(0, -1).map(String));
    const admitted = read('.dockerignore').split('\n');
    const needed = files.filter((name) => name !== 'dist');
    expect(needed).toContain('evidence');
    expect(copied).toEqual(expect.arrayContaining(needed));
    expect(admitted).toEqual(expect.arrayContaining(needed.map((name) => `!${name}`)));
  });

  it('does not run as root, and can be asked for its health', () => {
    const [user] = parsed.getInstructions().filter((instruction) => instruction.getKeyword() === 'USER');
    expect(user?.getArgumentsContent()).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(parsed.getHEALTHCHECKs()).toHaveLength(1);
  });
});
