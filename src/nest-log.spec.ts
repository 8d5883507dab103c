import { describe, expect, it } from '@jest/globals';
import type { Log, LogFields } from './common/log.js';
import { NestLog } from './nest-log.js';

describe("Nest's messages", () => {
  it('keep their error, or its stack', () => {
    const lines: [string, LogFields | undefined][] = [];
    const note = (message: string, fields?: LogFields): void => void lines.push([message, fields]);
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
    const nest = new NestLog(log);
    const error = new Error('broken');
    nest.error(error);
    nest.error('broken too', 'at line 1');
    expect(lines).toEqual([
      ['broken', { err: error }],
      ['broken too', { stack: 'at line 1' }],
    ]);
  });
});
