import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ProtocolError } from '../errors/connection-errors.js';
import { frame, MAX_MESSAGE_BYTES, type Message, parsed } from './message.js';
import { MessageSplitter } from './message-splitter.js';

const messages = fc.record({
  program: fc.nat(),
  version: fc.nat(),
  procedure: fc.nat(),
  type: fc.nat(6),
  serial: fc.nat(),
  status: fc.nat(2),
  payload: fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)),
});

const written = ({ payload, ...header }: Message): Buffer => frame(header, (writer) => writer.raw(payload));

function wholeIn(splitter: MessageSplitter): Message[] {
  const found: Message[] = [];
  for (let message = splitter.next(); message !== undefined; message = splitter.next()) found.push(message);
  return found;
}

describe('messages', () => {
  it('are found in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(messages, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 90 })),
        (all, sizes) => {
          const bytes = Buffer.concat(all.map(written));
          const splitter = new MessageSplitter();
          const found: Message[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = sizes.next().value ?? 1;
            splitter.push(bytes.subarray(at, at + size));
            found.push(...wholeIn(splitter));
            at += size;
          }
          expect(found).toEqual(all);
        },
      ),
    );
  });

  it.each([0, 4, 27, MAX_MESSAGE_BYTES + 1, 0xffff_ffff])(
    'are none with a length of %i, which is told at once',
    (length) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(length);
      const splitter = new MessageSplitter();
      splitter.push(bytes);
      expect(() => splitter.next()).toThrow(ProtocolError);
    },
  );

  it('take no time that grows faster than they do', () => {
    const bytes = written({
      program: 1,
      version: 1,
      procedure: 1,
      type: 1,
      serial: 1,
      status: 0,
      payload: Buffer.alloc(24 * 2 ** 20),
    });
    const splitter = new MessageSplitter();
    const began = performance.now();
    let found = 0;
    for (let at = 0; at < bytes.length; at += 4096) {
      splitter.push(bytes.subarray(at, at + 4096));
      for (const message of wholeIn(splitter)) found += message.payload.length;
    }
    expect(found).toBe(24 * 2 ** 20);
    expect(performance.now() - began).toBeLessThan(5000); // copied with each piece, it would be 70 GiB
  });

  it('are refused before they are sent when no daemon would take them', () => {
    const header = { program: 1, version: 1, procedure: 1, type: 0, serial: 1, status: 0 };
    expect(() => frame(header, (writer) => writer.raw(Buffer.alloc(MAX_MESSAGE_BYTES)))).toThrow(
      'too many for one message',
    );
  });

  it('tell their own length', () => {
    const bytes = written({
      program: 1,
      version: 2,
      procedure: 3,
      type: 4,
      serial: 5,
      status: 1,
      payload: Buffer.from('four'),
    });
    expect(bytes.readUInt32BE(0)).toBe(32);
    expect(parsed(bytes)).toMatchObject({ program: 1, version: 2, procedure: 3, type: 4, serial: 5, status: 1 });
  });
});
