import { describe, expect, it } from '@jest/globals';
import { ComputeError } from '../common/errors/index.js';
import { transportSettings, type TransportOptions } from './transport-options.js';

const minimal: TransportOptions = { urls: ['amqp://localhost'], server: 'cpc.example' };

describe('transport options', () => {
  it('have defaults', () => {
    expect(transportSettings(minimal)).toEqual({
      connection: { urls: ['amqp://localhost'], tls: undefined, heartbeatSeconds: 10 },
      server: 'cpc.example',
      queues: ['zenova.rpc', 'zenova.rpc.server.cpc.example'],
      prefetch: 256,
      drainTimeoutMs: 30_000,
      replyTimeoutMs: 60_000,
      deadQueue: 'zenova.rpc.dead',
      eventsExchange: 'zenova.events',
      oslo: null,
    });
    expect(transportSettings({ ...minimal, group: 'lab' }).queues[0]).toBe('zenova.rpc.lab');
  });

  it.each<[string, Partial<TransportOptions>]>([
    ['no broker', { urls: [] }],
    ['another protocol', { urls: ['http://localhost'] }],
    ['a group that names the dead letters', { group: 'dead' }],
    ['a group that names a server', { group: 'server.a' }],
    ['an empty group', { group: '' }],
    ['a server with a wildcard', { server: 'a*' }],
    ['no prefetch', { prefetch: 0 }],
    ['half a message', { prefetch: 1.5 }],
    ["the broker's own names", { deadQueue: 'amq.dead' }],
  ])('refuse %s', (_, options) => {
    expect(() => transportSettings({ ...minimal, ...options })).toThrow(ComputeError);
  });

  it('never repeat a password', () => {
    expect(() => transportSettings({ ...minimal, urls: ['redis://u:s3cret@h'] })).toThrow(/^(?!.*s3cret)/);
  });
});
