import { describe, expect, test } from '@jest/globals';
import { ComputeError } from '../../common/errors/index.js';
import { HttpFailure, type HttpFailureKind } from '../../connectors/http/index.js';
import { HmcError, type HmcErrorFacts } from './client/hmc-error.js';
import { NATIVE_MEANINGS, toHmcComputeError, type Doing } from './hmc-dpm.errors.js';

function mapped(facts: Partial<HmcErrorFacts>, subject: Doing['subject'] = 'partition'): ComputeError {
  const error = new HmcError({ kind: 'refused', changes: false, text: 'the text', ...facts });
  return toHmcComputeError(error, { what: 'starting partition p', hmc: 'hmc1:6794', subject }) as ComputeError;
}

describe('a refusal', () => {
  test.each([
    [400, 1, 'BACKEND_REJECTED', 'never'],
    [400, 2, 'BACKEND_REJECTED', 'never'],
    [400, 3, 'BACKEND_REJECTED', 'never'],
    [400, 5, 'BACKEND_REJECTED', 'never'],
    [400, 6, 'BACKEND_REJECTED', 'never'],
    [400, 7, 'BACKEND_REJECTED', 'never'],
    [400, 8, 'BACKEND_REJECTED', 'never'],
    [400, 14, 'BACKEND_REJECTED', 'never'],
    [400, 18, 'FEATURE_UNSUPPORTED', 'never'],
    [403, 0, 'BACKEND_AUTH_FAILED', 'never'],
    [403, 1, 'BACKEND_FORBIDDEN', 'never'],
    [403, 4, 'BACKEND_REJECTED', 'safe'],
    [403, 5, 'BACKEND_REJECTED', 'safe'],
    [403, 77, 'BACKEND_AUTH_FAILED', 'never'],
    [404, 1, 'INSTANCE_NOT_FOUND', 'never'],
    [404, 2, 'RESOURCE_NOT_FOUND', 'never'],
    [404, 4, 'FEATURE_UNSUPPORTED', 'never'],
    [404, 6, 'RESOURCE_NOT_FOUND', 'never'],
    [409, 1, 'STATE_CONFLICT', 'safe'],
    [409, 2, 'BACKEND_BUSY', 'safe'],
    [409, 4, 'FEATURE_UNSUPPORTED', 'never'],
    [409, 5, 'FEATURE_UNSUPPORTED', 'never'],
    [409, 6, 'STATE_CONFLICT', 'safe'],
    [409, 15, 'STATE_CONFLICT', 'safe'],
    [409, 40, 'STATE_CONFLICT', 'never'],
    [409, 41, 'STATE_CONFLICT', 'never'],
    [409, 42, 'STATE_CONFLICT', 'never'],
    [409, 100, 'STATE_CONFLICT', 'never'],
    [409, 110, 'STATE_CONFLICT', 'never'],
    [409, 120, 'STATE_CONFLICT', 'never'],
    [409, 130, 'STATE_CONFLICT', 'never'],
    [409, 140, 'STATE_CONFLICT', 'never'],
    [409, 170, 'STATE_CONFLICT', 'never'],
    [409, 272, 'BACKEND_REJECTED', 'safe'],
    [409, 332, 'STATE_CONFLICT', 'safe'],
    [409, 479, 'STATE_CONFLICT', 'never'],
    [409, 483, 'ALREADY_EXISTS', 'never'],
    [409, 487, 'STATE_CONFLICT', 'never'],
    [409, 501, 'STATE_CONFLICT', 'never'],
    [409, 999, 'STATE_CONFLICT', 'safe'],
    [500, 263, 'BACKEND_REJECTED', 'safe'],
    [500, 1, 'BACKEND_REJECTED', 'safe'],
    [503, 1, 'BACKEND_BUSY', 'safe'],
    [502, 0, 'BACKEND_REJECTED', 'safe'],
    [302, 0, 'BACKEND_PROTOCOL', 'safe'],
  ] as const)('%d,%d is %s', (status, reason, code, retry) => {
    const error = mapped({ status, reason });
    expect(error).toMatchObject({
      code,
      retry,
      driver: 'hmc-dpm',
      native: { status, code: `${status},${reason}`, text: 'the text' },
    });
    expect(error.outcome).not.toBe('unknown');
    // What failed, where, what the HMC said, and what to do.
    expect(error.message).toMatch(/^starting partition p \(HMC hmc1:6794\): .*"the text": .{15,}/);
  });

  test('is in the table with every code of the reference', () => {
    for (const code of Object.keys(NATIVE_MEANINGS)) {
      const [status, reason] = code.split(',').map(Number);
      const { code: mappedCode } = mapped(
        { status: status ?? 0, ...(reason === undefined ? {} : { reason }) },
        'other',
      );
      expect(mappedCode).toBe(NATIVE_MEANINGS[code]?.code);
    }
  });

  test('404 is about what was asked for', () => {
    expect(mapped({ status: 404, reason: 1 }, 'cpc')).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    expect(mapped({ status: 404, reason: 1 }, 'partition').message).toMatch(/object access/);
  });

  test('of a logon is always one of authentication', () => {
    for (const reason of [0, 1, 4, 5, 9]) {
      expect(mapped({ status: 403, reason, isLogon: true }).code).toBe('BACKEND_AUTH_FAILED');
    }
    expect(mapped({ status: 503, isLogon: true }).code).toBe('BACKEND_BUSY');
  });

  test('of a change with 5xx proves nothing, but for a 503 with the reason that an HMC gives', () => {
    expect(mapped({ status: 500, changes: true })).toMatchObject({ outcome: 'unknown', retry: 'after-reconcile' });
    expect(mapped({ status: 503, reason: 1, changes: true })).toMatchObject({ outcome: 'not-applied', retry: 'safe' });
    expect(mapped({ status: 503, changes: true })).toMatchObject({ outcome: 'unknown', retry: 'after-reconcile' });
    expect(mapped({ status: 409, reason: 2, changes: true })).toMatchObject({ outcome: 'not-applied' });
  });
});

describe('no answer', () => {
  const failed = (kind: HttpFailureKind, sent: 'no' | 'perhaps', changes = false): ComputeError =>
    mapped({ kind: 'wire', changes, failure: new HttpFailure(kind, 'why', 'CODE', sent) });

  test.each([
    ['unreachable', 'no', 'BACKEND_UNREACHABLE'],
    ['untrusted', 'no', 'TLS_UNTRUSTED'],
    ['timeout', 'no', 'BACKEND_UNREACHABLE'],
    ['timeout', 'perhaps', 'BACKEND_TIMEOUT'],
    ['reset', 'perhaps', 'BACKEND_UNREACHABLE'],
    ['too-large', 'perhaps', 'BACKEND_PROTOCOL'],
    ['closed', 'no', 'SHUTTING_DOWN'],
  ] as const)('%s, sent: %s', (kind, sent, code) => {
    expect(failed(kind, sent)).toMatchObject({ code, native: { code: 'CODE' } });
    expect(failed(kind, sent).outcome).not.toBe('unknown');
    expect(failed(kind, sent, true).outcome === 'unknown').toBe(sent === 'perhaps');
  });

  test('to a logon leaves the change that needed it unsent', () => {
    const failure = new HttpFailure('reset', 'why', 'CODE', 'perhaps');
    expect(mapped({ kind: 'wire', changes: true, isLogon: true, failure }).outcome).toBe('not-started');
  });
});

test('a web page tells that the API is off, when it says so', () => {
  expect(mapped({ kind: 'html', status: 500, text: 'Error Web Services are not enabled' })).toMatchObject({
    code: 'BACKEND_PROTOCOL',
    retry: 'safe',
  });
  expect(mapped({ kind: 'html', text: 'Details: x' }).message).toMatch(/Customize API Settings/);
});

test('what is ours already passes', () => {
  const ours = new ComputeError('STATE_CONFLICT', 'x');
  expect(toHmcComputeError(ours, { what: '', hmc: '', subject: 'other' })).toBe(ours);
});
