import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { changeLevel, createLog } from './log.js';
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
  it('writes the fields of a child, and of its parents, into its lines alone', () => {
    const { lines, stream } = capture();
    const log = createLog('info', stream).child({ host: 'cpc1' });
    log.child({ correlation_id: 'c-1' }).child({ operation_id: 'o-1' }).info('inside', { audit: true });
    log.info('outside');
    expect(lines()).toMatchObject([
      { level: 'info', msg: 'inside', host: 'cpc1', correlation_id: 'c-1', operation_id: 'o-1', audit: true },
      { msg: 'outside', host: 'cpc1' },
    ]);
    for (const field of ['correlation_id', 'operation_id', 'audit']) expect(lines()[1]).not.toHaveProperty(field);
  });

  it('writes nothing below its level', () => {
    const { text, stream } = capture();
    createLog('warn', stream).child({ host: 'cpc1' }).info('not said');
    expect(text()).toBe('');
  });

  it('changes its level for every child, but not for what keeps its own', () => {
    const { lines, stream } = capture();
    const log = createLog('info', stream);
    const child = log.child({ host: 'cpc1' });
    const audit = log.at('info').child({ audit: true });
    log.level = 'error';
    child.warn('not said');
    audit.info('kept');
    log.level = 'debug';
    child.debug('said');
    expect(lines().map(({ msg }) => msg)).toEqual(['kept', 'said']);
    expect(lines()[0]).toMatchObject({ audit: true });
  });

  it.each([
    ['error', 'debug'],
    ['debug', 'error'],
  ] as const)('says that its level changes, from %s to %s too', (before, level) => {
    const { lines, stream } = capture();
    const log = createLog(before, stream);
    changeLevel(log, level, 'ann');
    expect(log.level).toBe(level);
    expect(lines()).toMatchObject([{ msg: `the log is written from level ${level} on`, before, requested_by: 'ann' }]);
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
