import { describe, expect, it } from '@jest/globals';
import { FrameImpl, Parser } from '@stomp/stompjs';
import { assert, property, string } from 'fast-check';
import { LARGEST_FRAME_BYTES, serializeFrame, StompFrameReader, StompSyntaxError } from './stomp-frame.js';

const read = (text: string, version: '1.0' | '1.1' | '1.2' = '1.2') =>
  new StompFrameReader().read(Buffer.from(text), version);

describe('STOMP frames', () => {
  it('reads frames, heart-beats between them, both line ends, and the first of equal headers', () => {
    expect(read('\n\r\nSEND\r\na:1\r\na:2\r\n\r\nbody\0\n\nACK\nid:x\n\n\0')).toEqual([
      { command: 'SEND', headers: { a: '1' }, body: 'body' },
      { command: 'ACK', headers: { id: 'x' }, body: '' },
    ]);
  });

  it('reads a frame that comes byte by byte, and a body with a NUL by its length', () => {
    const reader = new StompFrameReader();
    const bytes = Buffer.from('SEND\ncontent-length:3\n\na\0b\0');
    const frames = [...bytes].flatMap((byte) => reader.read(Buffer.from([byte]), '1.2'));
    expect(frames).toEqual([{ command: 'SEND', headers: { 'content-length': '3' }, body: 'a\0b' }]);
  });

  it.each([
    ['1.0' as const, 'x\\cy'],
    ['1.1' as const, 'x:y'],
    ['1.2' as const, 'x:y'],
  ])('knows the escapes of version %s', (version, value) => {
    expect(read('SEND\na:x\\cy\n\n\0', version)[0]?.headers).toEqual({ a: value });
    expect(read('CONNECT\na:x\\cy\n\n\0', version)[0]?.headers).toEqual({ a: 'x\\cy' });
  });

  it.each([
    'SEND\nno colon\n\n\0',
    'SEND\n:no name\n\n\0',
    'SEND\na:bad\\t\n\n\0',
    'SEND\ncontent-length:x\n\n\0',
    'SEND\ncontent-length:99999999999\n\n\0',
    'SEND\ncontent-length:1\n\nlonger\0',
    'SEND\0',
    `SEND\n${'a:b\n'.repeat(200)}\n\0`,
    'x'.repeat(LARGEST_FRAME_BYTES + 1),
  ])('refuses what is not a frame (%#)', (text) => {
    expect(() => read(text)).toThrow(StompSyntaxError);
  });

  it('writes what another parser reads, and reads what it writes', () => {
    const text = string({ unit: 'grapheme', maxLength: 20 }).filter((value) => value === value.trim());
    assert(
      property(
        text.filter((name) => name !== ''),
        text,
        string({ maxLength: 50 }),
        (name, value, tail) => {
          const frame = { command: 'MESSAGE', headers: { [name]: value }, body: tail.replaceAll('\0', '') };
          const wire = serializeFrame(frame, '1.2');
          expect(read(wire)).toEqual([frame]);
          let other: FrameImpl | undefined;
          new Parser(
            (raw) => (other = FrameImpl.fromRawFrame(raw, false)),
            () => undefined,
          ).parseChunk(wire);
          expect(other?.body).toBe(frame.body);
        },
      ),
    );
  });
});
