import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { needsBroker } from '../../scripts/environment/configured-broker.mjs';

/** With the built program: `npm test` builds it first. */
describe('npm start provides a broker', () => {
  const named = process.env['ZENOVA_AMQP_URL'];
  let directory: string;
  beforeEach(() => {
    delete process.env['ZENOVA_AMQP_URL'];
    directory = mkdtempSync(join(tmpdir(), 'zenova-start-'));
  });
  afterEach(() => {
    if (named !== undefined) process.env['ZENOVA_AMQP_URL'] = named;
    rmSync(directory, { recursive: true });
  });

  it.each<[string, string, boolean]>([
    ['unless the configuration names one', 'server: s1', true],
    ['not where it does', 'amqp: {url: amqp://broker.example}', false],
    ['not where it names users of one on this machine', 'amqp: {url: "amqp://me:pw@127.0.0.1:5672"}', false],
    ['not where it names several', 'amqp: {url: [amqp://a, amqp://b]}', false],
    ['not for a configuration with mistakes', 'sever: s1', false],
  ])('%s', async (_, text, expected) => {
    const file = join(directory, 'zenova.yaml');
    writeFileSync(file, text);
    expect(await needsBroker(['--config', file])).toBe(expected);
  });

  it('not for a help text', async () => {
    expect(await needsBroker(['--help'])).toBe(false);
  });
});
