import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readRequestFile } from '../../src/cli/request-file.js';
import { ComputeError } from '../../src/common/errors/index.js';
import { METHODS } from '../../src/compute/contract/index.js';
import { cli } from '../support/cli.js';
import { examplesOf } from '../docs/documents.js';

/** A broker that is not there: what reaches it has passed every check before. */
const NOWHERE = ['--url', 'amqp://127.0.0.1:1'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-request-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode });
  return path;
}

const spawn = METHODS['compute.spawn'].params;
const read = (text: string, given: object = { host: 'fake1' }, environment: Record<string, string> = {}) =>
  readRequestFile(write('request.yaml', text), { ...given }, spawn, environment);

function mistakesOf(text: string): string {
  try {
    read(text);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ComputeError);
    return (error as ComputeError).message;
  }
}

const FLAVOR = 'flavor: { vcpus: 1, memory_mib: 512 }\n';

describe('a request in a file', () => {
  it('is completed by what the command line says, which wins', () => {
    const request = read(`name: web01\n${FLAVOR}start: false\n`, { host: 'fake1', name: 'web02' });
    expect(request).toEqual({ host: 'fake1', name: 'web02', flavor: { vcpus: 1, memory_mib: 512 }, start: false });
  });

  it('may be JSON', () => {
    expect(read(JSON.stringify({ name: 'web01', flavor: { vcpus: 1, memory_mib: 512 } }))).toMatchObject({
      name: 'web01',
    });
  });

  it('refers to its secrets', () => {
    write('motd', 'hello\n');
    write('data', '#cloud-config\n');
    const text = `name: web01\n${FLAVOR}admin_password: { env: PW }\nuser_data: { file: data }\nfiles:\n  - path: /etc/motd\n    content: { file: motd }\n`;
    expect(read(text, { host: 'fake1' }, { PW: 'hidden' })).toMatchObject({
      admin_password: 'hidden',
      user_data: '#cloud-config',
      files: [{ path: '/etc/motd', content: Buffer.from('hello\n').toString('base64') }],
    });
  });

  it('gives the guest its files byte by byte, also those that are no text, or empty', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x0a]);
    writeFileSync(join(directory, 'blob'), bytes, { mode: 0o600 });
    write('none', '');
    const text = `name: web01\n${FLAVOR}files:\n  - { path: /a, content: { file: blob } }\n  - { path: /b, content: { file: none } }\n  - { path: /c, content: { env: C } }\n`;
    expect(read(text, { host: 'fake1' }, { C: 'c\n' })).toMatchObject({
      files: [
        { content: bytes.toString('base64') },
        { content: '' },
        { content: Buffer.from('c\n').toString('base64') },
      ],
    });
  });

  it('tells all its mistakes at once, with their places, and repeats no secret', () => {
    write('open', 'hidden', 0o644);
    const text = `nmae: web01\nflavor: { vcpus: none }\nadmin_password: hidden\nuser_data: { file: open }\nnetworks:\n  - vlan: 7\n`;
    const message = mistakesOf(text);
    expect(message).toContain('line 1, column 1: nmae: unknown key; did you mean name?');
    expect(message).toMatch(/line 2.*flavor\.vcpus/);
    expect(message).toContain('flavor.memory_mib: is required');
    expect(message).toMatch(/line 3.*admin_password: a secret is not written here in clear/);
    expect(message).toMatch(/user_data: .*is open to every user/);
    expect(message).toMatch(/networks\[0\]\.name: is required/);
    expect(message).toContain('name: is required');
    expect(message).not.toContain('hidden');
  });
});

describe('methods whose requests are more than some words', () => {
  it('take a file, and no secret on the command line', async () => {
    const { stdout } = await cli(['instance', 'set-admin-password', '--help']);
    expect(stdout).toContain('--file <path>');
    expect(stdout).not.toContain('--password');
    const refused = await cli(['instance', 'set-admin-password', 'a', 'b', '--password', 'x', ...NOWHERE]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option '--password'") });
    const password = write('password', 'hidden\n');
    const file = write('request.yaml', `password: { file: ${password} }\n`);
    expect(await cli(['instance', 'set-admin-password', 'a', 'b', '--file', file, ...NOWHERE])).toMatchObject({
      code: 3,
    });
  });

  it('say what is missing without one', async () => {
    const { code, stderr } = await cli(['instance', 'spawn', 'a', '--name', 'b', ...NOWHERE]);
    expect(code).toBe(2);
    expect(stderr).toContain('--flavor: ');
  });

  it('have a file that is there', async () => {
    const { code, stderr } = await cli(['instance', 'deploy', 'a', '--file', join(directory, 'none'), ...NOWHERE]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('does not exist');
  });

  it('are deployed as the documents say', async () => {
    const [example] = examplesOf('docs/instances.md').filter(({ language }) => language === 'sh');
    const [, description = ''] = /cat >web01.yaml <<'END'\n(.*?)^END$/ms.exec(example?.text ?? '') ?? [];
    write('cloud-config.yaml', '#cloud-config\n');
    const request = read(description, { host: 'fake1' }, { WEB01_PASSWORD: 'x' });
    expect(request).toMatchObject({ name: 'web01', networks: [{ vlan: 7 }], user_data: '#cloud-config' });
    expect(readFileSync(join(directory, 'request.yaml'), 'utf8')).toBe(description);
  });
});
