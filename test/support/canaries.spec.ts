import { describe, expect, it } from '@jest/globals';
import { newKeyText } from '../../src/common/encryption-key.js';
import { Canary, leaks } from './canaries.js';

const canary = Canary.of('a password');
const key = Canary.key('a key', newKeyText());

describe('a canary', () => {
  it.each<[string, (text: string) => string | Buffer]>([
    ['as it is', (text) => text],
    ['in JSON', (text) => JSON.stringify({ text })],
    ['in JSON in JSON', (text) => JSON.stringify(JSON.stringify({ text }))],
    ['in a URL', (text) => encodeURIComponent(text)],
    ['in base64', (text) => Buffer.from(text).toString('base64')],
    ['in base64 of more, one byte later', (text) => Buffer.from(`u${text} and more`).toString('base64')],
    ['in base64url of more, two bytes later', (text) => Buffer.from(`u:${text} and more`).toString('base64url')],
    ['in hex', (text) => Buffer.from(text).toString('hex')],
    ['in upper hex', (text) => Buffer.from(text).toString('hex').toUpperCase()],
    ['in UTF-16', (text) => Buffer.from(text, 'utf16le')],
    ['inspected', (text) => `{ data: '${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}' }`],
  ])('is found %s', (_, write) => {
    const output = Buffer.concat([Buffer.from('before '), Buffer.from(write(canary.text)), Buffer.from(' after')]);
    expect(leaks([canary], new Map([['there', output]]))).toEqual([
      expect.stringMatching(/^a password, .*, in there: …/),
    ]);
  });

  it.each<[string, (bytes: Buffer) => string | Buffer]>([
    ['as bytes', (bytes) => bytes],
    ['in base64', (bytes) => bytes.toString('base64')],
    ['in base64url', (bytes) => bytes.toString('base64url')],
    ['in hex', (bytes) => bytes.toString('hex')],
    ['in base64 in base64', (bytes) => Buffer.from(`x${bytes.toString('base64')}`).toString('base64')],
  ])('that is a key is found %s', (_, write) => {
    const output = Buffer.concat([Buffer.from('x'), Buffer.from(write(Buffer.from(key.text, 'base64')))]);
    expect(leaks([key], new Map([['there', output]]))).toHaveLength(1);
  });

  it('is not found where it is not', () => {
    const output = Buffer.from(JSON.stringify([Canary.of('another').text, newKeyText()]));
    expect(leaks([canary, key], new Map([['there', output]]))).toEqual([]);
  });
});
