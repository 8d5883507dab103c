import { XdrError } from '../xdr/xdr-error.js';
import { XdrWriter } from '../xdr/xdr-writer.js';

/** The length, which counts itself, and six numbers. */
export const HEADER_BYTES = 28;
/** The most that one message may take, in either direction. */
export const MAX_MESSAGE_BYTES = 33_554_432 + 4;

/** What a message is. */
export const MessageType = {
  CALL: 0,
  REPLY: 1,
  /** An event, or something of keepalive: nobody asked for it, and nobody answers. */
  MESSAGE: 2,
  /** A part of a stream. */
  STREAM: 3,
  CALL_WITH_FDS: 4,
  REPLY_WITH_FDS: 5,
  STREAM_HOLE: 6,
} as const;

/** How a message is meant. */
export const MessageStatus = {
  OK: 0,
  /** The payload is an error. */
  ERROR: 1,
  /** More of a stream. */
  CONTINUE: 2,
} as const;

export interface MessageHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  /** By which a reply finds its call. */
  readonly serial: number;
  readonly status: number;
}

export interface Message extends MessageHeader {
  readonly payload: Buffer;
}

/** @throws XdrError when the payload does not fit its layout, or into a message */
export function frame(header: MessageHeader, writePayload: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter();
  writer.uint(0);
  writer.uint(header.program);
  writer.uint(header.version);
  writer.int(header.procedure);
  writer.int(header.type);
  writer.uint(header.serial);
  writer.int(header.status);
  writePayload(writer);
  const bytes = writer.finish();
  if (bytes.length > MAX_MESSAGE_BYTES) throw new XdrError(`${bytes.length} bytes are too many for one message`);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

/** @param at where in the bytes a whole message begins, with its length */
export function parsed(bytes: Buffer, at = 0, length = bytes.length): Message {
  return {
    program: bytes.readUInt32BE(at + 4),
    version: bytes.readUInt32BE(at + 8),
    procedure: bytes.readInt32BE(at + 12),
    type: bytes.readInt32BE(at + 16),
    serial: bytes.readUInt32BE(at + 20),
    status: bytes.readInt32BE(at + 24),
    payload: bytes.subarray(at + HEADER_BYTES, at + length),
  };
}
