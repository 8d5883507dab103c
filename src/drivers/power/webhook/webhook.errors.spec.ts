import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../../common/errors/index.js';
import { HttpFailure, type HttpFailureKind } from '../../../connectors/http/index.js';
import { WebhookError } from './webhook-error.js';
import { toWebhookComputeError } from './webhook.errors.js';

const refused = (status: number, changes: boolean): WebhookError =>
  new WebhookError({ kind: 'refused', changes, where: 'http://h/a', text: `it answered ${status}`, status });

describe('an answer that says no', () => {
  it.each<[number, ErrorCode, boolean]>([
    [301, 'BACKEND_REJECTED', false],
    [302, 'BACKEND_REJECTED', true],
    [307, 'BACKEND_REJECTED', false],
    [308, 'BACKEND_REJECTED', false],
    [400, 'BACKEND_REJECTED', false],
    [401, 'BACKEND_AUTH_FAILED', false],
    [403, 'BACKEND_FORBIDDEN', false],
    [404, 'RESOURCE_NOT_FOUND', false],
    [405, 'BACKEND_REJECTED', false],
    [407, 'BACKEND_FORBIDDEN', false],
    [408, 'BACKEND_TIMEOUT', false],
    [409, 'STATE_CONFLICT', false],
    [410, 'RESOURCE_NOT_FOUND', false],
    [423, 'STATE_CONFLICT', false],
    [429, 'BACKEND_BUSY', false],
    [500, 'BACKEND_REJECTED', true],
    [502, 'BACKEND_UNREACHABLE', true],
    [503, 'BACKEND_BUSY', true],
    [504, 'BACKEND_TIMEOUT', true],
  ])('%i is %s to a command, which may have been carried out: %s', (status, code, mayHaveRun) => {
    const error = toWebhookComputeError(refused(status, true), 'switching it on');
    expect(error).toMatchObject({ code, driver: 'webhook', native: { status } });
    expect((error as { outcome: string }).outcome === 'unknown').toBe(mayHaveRun);
    expect(toWebhookComputeError(refused(status, false), 'reading its state')).not.toMatchObject({
      outcome: 'unknown',
    });
  });
});

describe('no answer', () => {
  it.each<[HttpFailureKind, 'no' | 'perhaps', ErrorCode, boolean]>([
    ['unreachable', 'no', 'BACKEND_UNREACHABLE', false],
    ['untrusted', 'no', 'TLS_UNTRUSTED', false],
    ['timeout', 'no', 'BACKEND_UNREACHABLE', false],
    ['timeout', 'perhaps', 'BACKEND_TIMEOUT', true],
    ['reset', 'perhaps', 'BACKEND_UNREACHABLE', true],
    ['too-large', 'perhaps', 'BACKEND_PROTOCOL', true],
    ['closed', 'no', 'SHUTTING_DOWN', false],
  ])('%s (sent: %s) is %s to a command', (kind, sent, code, mayHaveRun) => {
    const failure = new HttpFailure(kind, 'why', undefined, sent);
    const wire = new WebhookError({ kind: 'wire', changes: true, where: 'http://h/a', text: 'why', failure });
    const error = toWebhookComputeError(wire, 'switching it on') as { outcome: string };
    expect(error).toMatchObject({ code });
    expect(error.outcome === 'unknown').toBe(mayHaveRun);
  });
});

it('leaves what is none of its own alone', () => {
  const other = new Error('x');
  expect(toWebhookComputeError(other, 'x')).toBe(other);
});
