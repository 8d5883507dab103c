import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLog, withCorrelation } from './log.js';
import { Secret } from './secret.js';

function capture(): { lines: () => Record<string, unknown>[]; text: () => string; stream: Writable } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const lines = () =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { lines, text: () => text, stream };
}

describe('the log', () => {
  it('carries the correlation of the request that it is written for', async () => {
    const { lines, stream } = capture();
    const log = createLog('info', stream).child({ host: 'cpc1' });
    await withCorrelation({ correlation_id: 'c-1' }, async () => {
      await Promise.resolve();
      withCorrelation({ operation_id: 'o-1' }, () => log.info('inside'));
    });
    log.info('outside');
    expect(lines()).toMatchObject([
      { level: 'info', msg: 'inside', host: 'cpc1', correlation_id: 'c-1', operation_id: 'o-1' },
      { msg: 'outside', host: 'cpc1' },
    ]);
    expect(lines()[1]).not.toHaveProperty('correlation_id');
  });

  it('gives the fields of one line to no other', () => {
    const { lines, stream } = capture();
    const log = createLog('info', stream);
    withCorrelation({ correlation_id: 'c-1' }, () => {
      log.info('first', { audit: true });
      log.info('second');
    });
    expect(lines()[1]).toMatchObject({ msg: 'second', correlation_id: 'c-1' });
    expect(lines()[1]).not.toHaveProperty('audit');
  });

  it('holds no secret, not in fields, nor on errors that libraries have hung requests on', () => {
    const { text, lines, stream } = capture();
    const log = createLog('debug', stream);
    const cause = Object.assign(new Error('inner'), { config: { headers: { 'X-API-Session': 'hunter2' } } });
    const err = Object.assign(new Error('outer', { cause }), { request: 'hunter2', code: 'ECONNRESET' });
    log.error('failed', { err, password: 'hunter2', secret: new Secret('hunter2'), url: 'amqp://u:hunter2@h' });
    log.child({ power_pass: 'hunter2' }).debug('child');
    log.info('connecting to amqp://u:hunter2@host');
    expect(text()).not.toContain('hunter2');
    expect(lines()[0]).toMatchObject({ err: { message: 'outer', code: 'ECONNRESET', cause: { message: 'inner' } } });
  });
});
