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

  it.each<[string, TransportOptions['oslo'], string]>([
    ['a topic of Nova', { topic: 'conductor' }, 'is one of Nova'],
    ['a topic with a dot', { topic: 'compute.host1' }, 'topic must be'],
    ['a queue of ours, by a server of that name', {}, '"zenova.rpc" would be'],
    [
      'a queue that is never deleted, and deletes itself',
      { amqpAutoDelete: true, rabbitQuorumQueue: true },
      'no quorum',
    ],
    ['an exchange of ours', { controlExchange: 'zenova.events' }, '"zenova.events" would be'],
  ])('refuse for oslo callers %s', (_, oslo, why) => {
    expect(() => transportSettings({ ...minimal, server: 'rpc', oslo })).toThrow(why);
  });

  it('name the queues of oslo callers', () => {
    const fanout = expect.stringMatching(/^zenova_fanout_[0-9a-f]{32}$/);
    expect(transportSettings({ ...minimal, oslo: {} }).oslo).toMatchObject({
      controlExchange: 'zenova',
      queues: ['zenova', 'zenova.cpc.example'],
      fanout: { exchange: 'zenova_fanout', queue: fanout, topic: 'zenova' },
    });
    const beside = transportSettings({ ...minimal, oslo: { topic: 'compute', allowNovaTopic: true } }).oslo;
    expect(beside).toMatchObject({ queues: ['compute.cpc.example'], fanout: null });
  });

  it('never repeat a password', () => {
    expect(() => transportSettings({ ...minimal, urls: ['redis://u:s3cret@h'] })).toThrow(/^(?!.*s3cret)/);
  });
});
