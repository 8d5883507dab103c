import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { keyType, KnownHosts } from './ssh-known-hosts.js';

let folder: string;
let ed25519: string;
let otherEd25519: string;
let ecdsa: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-hosts-'));
  const make = (name: string, type: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', join(folder, name)]);
    return readFileSync(join(folder, `${name}.pub`), 'utf8').trim();
  };
  [ed25519, otherEd25519, ecdsa] = [make('a', 'ed25519'), make('b', 'ed25519'), make('c', 'ecdsa')];
});
afterAll(() => rmSync(folder, { recursive: true }));

const onWire = (publicKey: string): Buffer => Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
const known = (...lines: string[]): KnownHosts => KnownHosts.parse([['known_hosts', lines.join('\n')]]);
const judge = (hosts: KnownHosts, host: string, key: string, port = 22): unknown =>
  hosts.judge(host, port, onWire(key));

const KNOWN = { verdict: 'known' };
const UNKNOWN = { verdict: 'unknown', knownTypes: [] };

test('a key has the type that it gives itself', () => {
  expect(keyType(onWire(ed25519))).toBe('ssh-ed25519');
  expect(keyType(onWire(ecdsa))).toBe('ecdsa-sha2-nistp256');
  expect(keyType(Buffer.from([0, 0, 0, 9, 1]))).toBe('');
  expect(keyType(Buffer.alloc(0))).toBe('');
});

test('a host is known by its name, in whatever case, and by no other', () => {
  const hosts = known(`kvm1.example,10.0.0.7 ${ed25519}`);
  expect(judge(hosts, 'kvm1.example', ed25519)).toEqual(KNOWN);
  expect(judge(hosts, 'KVM1.Example', ed25519)).toEqual(KNOWN);
  expect(judge(hosts, '10.0.0.7', ed25519)).toEqual(KNOWN);
  expect(judge(hosts, 'kvm1.example.org', ed25519)).toEqual(UNKNOWN);
  expect(judge(hosts, 'kvm1xexample', ed25519)).toEqual(UNKNOWN);
});

test('another key of a known type is a changed one, of another type an unknown one', () => {
  const hosts = known('# keys', '', `kvm1 ${ed25519} root@kvm1`);
  expect(judge(hosts, 'kvm1', otherEd25519)).toEqual({ verdict: 'changed', place: 'known_hosts:3' });
  expect(judge(hosts, 'kvm1', ecdsa)).toEqual({ verdict: 'unknown', knownTypes: ['ssh-ed25519'] });
});

test('a host may have several keys, of one type and of several', () => {
  const hosts = known(`kvm1 ${ed25519}`, `kvm1 ${otherEd25519}`, `kvm1 ${ecdsa}`);
  for (const key of [ed25519, otherEd25519, ecdsa]) expect(judge(hosts, 'kvm1', key)).toEqual(KNOWN);
  expect(hosts.typesOf('kvm1', 22)).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256']);
  expect(hosts.typesOf('kvm2', 22)).toEqual([]);
});

test('a port other than 22 is part of the name', () => {
  const hosts = known(`[kvm1]:2222 ${ed25519}`, `[::1]:2222 ${ed25519}`);
  expect(judge(hosts, 'kvm1', ed25519, 2222)).toEqual(KNOWN);
  expect(judge(hosts, '::1', ed25519, 2222)).toEqual(KNOWN);
  expect(judge(hosts, 'kvm1', ed25519)).toEqual(UNKNOWN);
  expect(judge(hosts, 'kvm1', otherEd25519, 2222)).toEqual({ verdict: 'changed', place: 'known_hosts:1' });
});

test('an entry without a port vouches for its key on any port, and contradicts no other there', () => {
  const hosts = known(`kvm1 ${ed25519}`);
  expect(judge(hosts, 'kvm1', ed25519, 2222)).toEqual(KNOWN);
  expect(judge(hosts, 'kvm1', otherEd25519, 2222)).toMatchObject({ verdict: 'unknown' });
});

test('patterns fit, and a negated one excludes', () => {
  const hosts = known(`*.example,!bad.example,kvm? ${ed25519}`);
  expect(judge(hosts, 'a.b.example', ed25519)).toEqual(KNOWN);
  expect(judge(hosts, 'kvm7', ed25519)).toEqual(KNOWN);
  expect(judge(hosts, 'bad.example', ed25519)).toEqual(UNKNOWN);
  expect(judge(hosts, 'kvm77', ed25519)).toEqual(UNKNOWN);
  // Only a negation: nothing that it could be an exception to.
  expect(judge(known(`!bad.example ${ed25519}`), 'kvm1', ed25519)).toEqual(UNKNOWN);
});

test('names that ssh-keygen has hashed are recognised', () => {
  const file = join(folder, 'hashed');
  writeFileSync(file, `kvm1.example ${ed25519}\n[kvm2]:2222 ${ecdsa}\n`);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain('kvm');
  const hosts = KnownHosts.parse([['hashed', text]]);
  expect(judge(hosts, 'kvm1.example', ed25519)).toEqual(KNOWN);
  expect(judge(hosts, 'kvm1.example', otherEd25519)).toEqual({ verdict: 'changed', place: 'hashed:1' });
  expect(judge(hosts, 'kvm2', ecdsa, 2222)).toEqual(KNOWN);
  expect(judge(hosts, 'kvm2', ecdsa)).toEqual(UNKNOWN);
});

test('a revoked key is refused although the host is known by it', () => {
  const hosts = known(`kvm1 ${ed25519}`, `kvm1 ${ecdsa}`, `@revoked * ${ed25519}`);
  expect(judge(hosts, 'kvm1', ed25519)).toEqual({ verdict: 'revoked', place: 'known_hosts:3' });
  expect(judge(hosts, 'kvm9', ed25519)).toEqual({ verdict: 'revoked', place: 'known_hosts:3' });
  expect(judge(hosts, 'kvm9', ed25519, 2222)).toEqual({ verdict: 'revoked', place: 'known_hosts:3' });
  expect(judge(hosts, 'kvm1', ecdsa)).toEqual(KNOWN);
});

test('a revocation is no reason to trust', () => {
  expect(judge(known(`@revoked kvm1 ${ed25519}`), 'kvm1', otherEd25519)).toEqual(UNKNOWN);
});

test('the key of an authority does not make its owner a known host', () => {
  expect(judge(known(`@cert-authority * ${ed25519}`), 'kvm1', ed25519)).toEqual(UNKNOWN);
});

test('lines that cannot be read trust nobody, and lose no other line', () => {
  const [, encoded = ''] = ed25519.split(' ');
  const hosts = known(
    'kvm1',
    `kvm1 ssh-ed25519`,
    `kvm1 ssh-rsa ${encoded}`, // says another type than the key does
    `kvm1 ssh-ed25519 ${encoded.slice(0, 8)}`,
    `|2|c2FsdA==|aGFzaA== ${ed25519}`,
    `@unheard-of kvm1 ${ed25519}`,
    `kvm2 ${ecdsa}\r`,
  );
  expect(judge(hosts, 'kvm1', ed25519)).toEqual(UNKNOWN);
  expect(judge(hosts, 'kvm2', ecdsa)).toEqual(KNOWN);
});

test('a revocation that cannot be read is an error', () => {
  expect(() => known(`@revoked * ssh-ed25519 AAAA`)).toThrow('the revoked key in known_hosts:1 cannot be read');
});

test('what ssh-keygen finds in a file is found here, and nothing else', () => {
  const file = join(folder, 'compared');
  const lines = [`kvm1,kvm2 ${ed25519}`, `[kvm3]:2222 ${ecdsa}`, `*.lab,!x.lab ${otherEd25519}`];
  writeFileSync(file, lines.join('\n'));
  const hosts = KnownHosts.parse([['compared', lines.join('\n')]]);
  for (const host of ['kvm1', 'kvm2', 'kvm3', 'a.lab', 'x.lab', 'lab']) {
    let found: string[] = [];
    try {
      const text = execFileSync('ssh-keygen', ['-F', host, '-f', file], { encoding: 'utf8' });
      found = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    } catch {
      // Exit status 1: not found.
    }
    expect([host, hosts.typesOf(host, 22).length]).toEqual([host, found.length]);
  }
});
