import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Secret, bareAddress, isSecretField, redact } from './secret.js';

describe('a secret', () => {
  it('shows itself to nobody who does not ask', () => {
    const secret = new Secret('hunter2');
    const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }, { depth: 9, showHidden: true })];
    expect(shown.join()).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });

  it.each([
    'power_pass',
    'password',
    'Password',
    'X-API-Session',
    'session-credential',
    'k_g',
    'boot-ftp-password',
    'user_data',
    'content',
    'command',
  ])('stands in a field named %s', (name) => expect(isSecretField(name)).toBe(true));

  it.each(['power_user', 'idempotency_key', 'key_file', 'name'])('does not stand in %s', (name) =>
    expect(isSecretField(name)).toBe(false),
  );
});

describe('a bare address', () => {
  it.each([
    ['https://u:hunter2@hook.example:8443/on?hunter2', 'https://hook.example:8443/on?[redacted]'],
    ['http://hook.example/on#hunter2', 'http://hook.example/on'],
    ['http://hook.example', 'http://hook.example/'],
    ['hunter2', '[redacted]'],
  ])('of %s is %s', (address, bare) => expect(bareAddress(address)).toBe(bare));
});

describe('redact', () => {
  it('removes secrets at any depth, and passwords in addresses', () => {
    const message = {
      power_parameters: { power_user: 'u', power_pass: 'hunter2', nested: [{ password: { a: 'hunter2' } }] },
      text: 'amqp://user:hunter2@host/vhost and https://hunter2@other',
      none: { password: null },
    };
    const shown = JSON.stringify(redact(message));
    expect(shown).not.toContain('hunter2');
    expect(redact(message)).toMatchObject({ power_parameters: { power_user: 'u' }, none: { password: null } });
  });

  it.each([
    ['one long word', 'a'.repeat(1_000_000)],
    ['one long address', `amqp://${'a'.repeat(1_000_000)}`],
    ['nothing but addresses', 'a://'.repeat(250_000)],
  ])('takes no time worth mentioning for %s of a megabyte', (_what, text) => {
    const startedAt = performance.now();
    expect(redact({ text })).toEqual({ text });
    // Milliseconds in truth; minutes when the search starts anew at every letter.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('comes back from the deepest nesting', () => {
    let deep: unknown = 'hunter2';
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(JSON.stringify(redact(deep))).not.toContain('hunter2');
  });
});
