import { installedFacts } from '../libvirt-facts.mjs';

/** @typedef {import('./recorder.mjs').Frame} Frame */

const CALL = 0;
const REPLY = 1;
const MESSAGE = 2;
const STREAM = 3;
const HEADER_BYTES = 28;
/** What libvirt's client calls by the way, or the scenario needs beside what it shows. */
const byTheWay = new Set([
  'domain_define_xml',
  'domain_get_block_io_tune',
  'domain_get_interface_parameters',
  'domain_undefine',
]);
/** Pictures are not kept. */
const MAX_STREAM_BYTES = 400;

/**
 * @typedef {object} Exchange
 * @property {string} call in hexadecimal, as the others
 * @property {string} reply
 * @property {[from: 'client' | 'daemon', frame: string][]} [stream] what flows after it
 */

/**
 * Of each procedure its first exchange that went well, or else the first at all, and of each event the first.
 *
 * @param {readonly Frame[]} frames
 */
export function recorded(frames) {
  const { version, programs } = installedFacts();
  const messages = frames.map((frame) => ({ ...frame, ...headerOf(frame.bytes) }));
  /** @type {Record<string, Exchange>} */
  const calls = {};
  /** @type {Record<string, string>} */
  const events = {};
  for (const message of messages) {
    const name = nameOf(programs, message);
    if (name === undefined) continue;
    if (message.type === MESSAGE) events[name] ??= message.bytes.toString('hex');
    if (message.type !== CALL) continue;
    /** @type {(other: typeof message) => boolean} */
    const belongs = (other) => other.connection === message.connection && other.serial === message.serial;
    const reply = messages.find((other) => other.type === REPLY && belongs(other));
    if (reply === undefined || byTheWay.has(name)) continue;
    const kept = calls[name];
    const isBetter =
      kept === undefined || (reply.status === 0 && headerOf(Buffer.from(kept.reply, 'hex')).status !== 0);
    if (!isBetter) continue;
    const stream = messages.filter((other) => other.type === STREAM && belongs(other));
    const isShort = stream.every(({ bytes }) => bytes.length <= MAX_STREAM_BYTES);
    calls[name] = {
      call: message.bytes.toString('hex'),
      reply: reply.bytes.toString('hex'),
      ...(stream.length > 0 && isShort
        ? { stream: stream.map(({ from, bytes }) => [from, bytes.toString('hex')]) }
        : {}),
    };
  }
  return { libvirt: version, client: 'python3-libvirt', calls: sorted(calls), events: sorted(events) };
}

/** @param {Buffer} bytes */
function headerOf(bytes) {
  if (bytes.length < HEADER_BYTES) throw new Error('a message without a whole header');
  return {
    program: bytes.readUInt32BE(4),
    procedure: bytes.readUInt32BE(12),
    type: bytes.readUInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readUInt32BE(24),
  };
}

/**
 * @param {import('../libvirt-facts.mjs').Program[]} programs
 * @param {{ program: number, procedure: number }} header
 */
function nameOf(programs, { program, procedure }) {
  const found = programs.find(({ number }) => number === program);
  if (found === undefined || found.name === 'keepalive') return undefined;
  return Object.entries(found.procedures).find(([, number]) => number === procedure)?.[0];
}

/**
 * @template T
 * @param {Record<string, T>} record
 */
function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
