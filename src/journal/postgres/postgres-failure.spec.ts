import { describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../common/errors/index.js';
import { Secret } from '../../common/secret.js';
import { guarded } from '../guarded.js';
import { isPassing, openingFailure } from './postgres-failure.js';

const url = new Secret('postgresql://zenova:hunter2@db.example:5433/journal?sslpassword=hunter3');

/** As the libraries below make them. */
function failure(message: string, facts: object = {}): Error {
  return Object.assign(new Error(message), facts);
}

describe('what a database that cannot be opened says', () => {
  it.each([
    [failure('', { code: 'ECONNREFUSED' }), 'cannot be reached (ECONNREFUSED): start it, or correct journal.url'],
    [failure('', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }), 'cannot be reached (ENOTFOUND)'],
    [failure('', { code: 'ENOENT', syscall: 'connect' }), 'cannot be reached (ENOENT)'],
    [failure('timeout expired'), 'cannot be reached (timeout expired)'],
    [failure('Connection terminated unexpectedly'), 'cannot be reached (Connection terminated unexpectedly)'],
    [failure('it is starting up', { code: '57P03' }), 'takes no connections now (57P03): it is starting up'],
    [failure('too many clients', { code: '53300' }), 'takes no connections now (53300): too many clients'],
  ])('is waited for: %s', (error, text) => {
    const told = openingFailure(error, url);
    expect(told).toMatchObject({ code: 'JOURNAL_UNAVAILABLE', retry: 'safe' });
    expect(told.message).toContain(`PostgreSQL db.example:5433/journal ${text}`);
    expect(isPassing(told)).toBe(true);
  });

  it.each([
    [failure('no such user', { code: '28P01' }), 'CONFIG_INVALID', 'does not let us in (28P01): no such user; correct'],
    [failure('no entry', { code: '28000' }), 'CONFIG_INVALID', 'does not let us in (28000)'],
    [failure('SASL: client password must be a string'), 'CONFIG_INVALID', 'does not let us in: SASL'],
    [
      failure('no "x"', { code: '3D000' }),
      'CONFIG_INVALID',
      'is no database of that server (3D000): no "x"; create it',
    ],
    [failure('self-signed', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'JOURNAL_UNAVAILABLE', 'cannot be opened (DEPTH'],
    [failure('no such file', { code: 'ENOENT', syscall: 'open' }), 'JOURNAL_UNAVAILABLE', 'cannot be opened (ENOENT)'],
    [failure('The server does not support SSL connections'), 'JOURNAL_UNAVAILABLE', 'cannot be opened: The server'],
  ])('is not waited for: %s', (error, code, text) => {
    const told = openingFailure(error, url);
    expect(told).toMatchObject({ code, retry: 'never' });
    expect(told.message).toContain(`PostgreSQL db.example:5433/journal ${text}`);
    expect(isPassing(told)).toBe(false);
    expect(JSON.stringify(told.toWire())).not.toContain('hunter');
  });

  it('may come later too, while the schema is looked at', async () => {
    const lost = guarded(() => Promise.reject(failure('terminating connection', { code: '57P01' })));
    await expect(lost.catch(isPassing)).resolves.toBe(true);
    const refused = guarded(() => Promise.reject(failure('permission denied', { code: '42501' })));
    await expect(refused.catch(isPassing)).resolves.toBe(false);
    expect(isPassing(new ComputeError('JOURNAL_UNAVAILABLE', 'a newer schema', { retry: 'never' }))).toBe(false);
    expect(isPassing(new ComputeError('CONFIG_INVALID', 'another key'))).toBe(false);
  });
});
