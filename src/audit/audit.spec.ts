import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { systemClock } from '../common/clock.js';
import { createLog, type Log } from '../common/log.js';
import type { AuditFact } from '../compute/contract/index.js';
import { FileAudit, logAudit } from './index.js';

let directory: string;
let file: string;
let logged: string;
let log: Log;

const fact: AuditFact = {
  event: 'accepted',
  requestedBy: 'ann',
  method: 'compute.power_on',
  driver: 'fake',
  host: 'site',
  name: 'web01',
  target: 'fake:x:y',
  operationId: 'id',
  idempotencyKey: 'k',
  correlationId: null,
  outcome: null,
  code: null,
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-audit-'));
  file = join(directory, 'audit.log');
  logged = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk);
      done();
    },
  });
  log = createLog('info', destination);
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(path = file): FileAudit {
  return new FileAudit({ file: path, server: 'zenova-1', clock: { ...systemClock, now: () => 0 }, log });
}

function lines(path = file): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the audit file', () => {
  it('has a line for each fact, and is added to by the next start', () => {
    const first = open();
    first.write(fact);
    first.close();
    const second = open();
    second.write({ ...fact, event: 'ended', outcome: 'done' });
    expect(lines()).toEqual([
      {
        time: '1970-01-01T00:00:00.000Z',
        event: 'accepted',
        server: 'zenova-1',
        requested_by: 'ann',
        method: 'compute.power_on',
        driver: 'fake',
        host: 'site',
        name: 'web01',
        target: 'fake:x:y',
        operation_id: 'id',
        idempotency_key: 'k',
        correlation_id: null,
        outcome: null,
        code: null,
      },
      expect.objectContaining({ event: 'ended', outcome: 'done' }),
    ]);
    expect(statSync(file).mode & 0o777 & ~0o640).toBe(0);
    second.close();
  });

  it('holds one plain line a fact, whatever the names are', () => {
    const audit = open();
    let count = 0;
    const text = fc.string({ unit: 'binary', maxLength: 600 });
    fc.assert(
      fc.property(text, text, (requestedBy, name) => {
        audit.write({ ...fact, requestedBy, name });
        count += 1;
      }),
    );
    audit.write({ ...fact, name: 'a\n{"event":"ended"}\u001b[2J\u009b\u2028\u202e', host: 'amqp://ann:hidden@h' });
    const written = readFileSync(file, 'utf8');
    expect(written).not.toContain('hidden');
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    expect(lines()).toHaveLength(count + 1);
    expect(lines().at(-1)?.['name']).toBe('a\n{"event":"ended"}\u001b[2J\u009b\u2028\u202e');
    audit.close();
  });

  it('goes on in a new file after the old one was moved away', () => {
    const audit = open();
    audit.write(fact);
    renameSync(file, `${file}.1`);
    audit.write(fact);
    audit.reopen();
    audit.write({ ...fact, event: 'ended' });
    expect(lines(`${file}.1`)).toHaveLength(2);
    expect(lines()).toEqual([expect.objectContaining({ event: 'ended' })]);
    audit.close();
  });

  it('goes on in the old file when there can be no new one, and says so', () => {
    const audit = open();
    renameSync(directory, `${directory}-moved`);
    audit.reopen();
    audit.write(fact);
    renameSync(`${directory}-moved`, directory);
    expect(logged).toContain('could not be opened anew');
    expect(lines()).toHaveLength(1);
    audit.close();
  });

  it('that cannot be written stops the start', () => {
    expect(() => open(join(directory, 'none', 'audit.log'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('audit.file: ') }),
    );
    expect(() => open(directory)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('loses no line to a full disk: it stands in the log, loudly', () => {
    const audit = open('/dev/full');
    audit.write(fact);
    const line = JSON.parse(logged) as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'error', audit: true, event: 'accepted', operation_id: 'id' });
    expect(line['err']).toMatchObject({ code: 'ENOSPC' });
    audit.close();
    audit.write({ ...fact, event: 'ended' });
    expect(logged).toContain('"event":"ended"');
  });
});

describe('the log as audit log', () => {
  it('tells facts from other lines', () => {
    logAudit(log, 'zenova-1').write({ ...fact, event: 'refused', code: 'FORBIDDEN' });
    expect(JSON.parse(logged)).toMatchObject({
      level: 'info',
      audit: true,
      event: 'refused',
      code: 'FORBIDDEN',
      server: 'zenova-1',
      requested_by: 'ann',
    });
  });
});
