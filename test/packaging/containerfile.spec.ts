import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { validate } from 'dockerfile-utils';
import { DockerfileParser } from 'dockerfile-ast';
import { packageOf } from '../../src/images/programs.js';

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

  it('holds the programs that the service runs for images', () => {
    const folder = resolve(import.meta.dirname, '../../src/images');
    const callers = readdirSync(folder).filter((name) => name !== 'programs.ts' && !name.endsWith('.spec.ts'));
    const sources = callers.map((name) => readFileSync(resolve(folder, name), 'utf8'));
    const run = sources.flatMap((text) =>
      [...text.matchAll(/runProgram(?:Into)?\([^']*'([a-z-]+)'/g)].flatMap(([, program = '']) => program),
    );
    expect(run).toContain('qemu-img');
    const installed = file
      .slice(file.lastIndexOf('FROM '))
      .match(/apt-get install (.*)/)?.[1]
      ?.split(' ');
    // That one is in every Debian.
    const needed = new Set(run.filter((program) => program !== 'tar').map(packageOf));
    expect(installed).toEqual(expect.arrayContaining([...needed]));
  });

  it('does not run as root, and can be asked for its health', () => {
    const [user] = parsed.getInstructions().filter((instruction) => instruction.getKeyword() === 'USER');
    expect(user?.getArgumentsContent()).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(parsed.getHEALTHCHECKs()).toHaveLength(1);
  });
});
