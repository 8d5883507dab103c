import { connect } from 'node:net';
import { portAnswer, portOf } from '../server/port-answer.mjs';

const protocol3 = 3 << 16;
const cannotConnectNow = '57P03'; // it starts, ends, or recovers after a crash

/**
 * Asks whether a PostgreSQL lets clients in at a URL. No password is sent: whoever logs on afterwards does that.
 *
 * @param {string} url `postgresql://`
 * @param {number} [withinMs]
 * @returns {Promise<'ready' | 'starting' | 'something else' | 'nothing'>} "something else" is an open port with another
 *   protocol
 */
export function postgresAnswer(url, withinMs = 3_000) {
  const parsed = new URL(url);
  const user = decodeURIComponent(parsed.username);
  const database = decodeURIComponent(parsed.pathname.slice(1)) || user;
  return portAnswer(connect(portOf(parsed, 5432)), { hello: startup({ user, database }), judge }, withinMs);
}

/** @param {Buffer} received */
function judge(received) {
  if (received.length < 5) return undefined;
  const [type, length] = [String.fromCharCode(received[0] ?? 0), received.readUInt32BE(1)];
  if (type !== 'R' && type !== 'E') return 'something else';
  if (type === 'R') return 'ready'; // it asks who we are
  if (received.length < 1 + length) return undefined;
  const fields = received.toString('utf8', 5, 1 + length).split('\0');
  return fields.includes(`C${cannotConnectNow}`) ? 'starting' : 'ready'; // other refusals are about us
}

/**
 * The first message of a session (protocol 3.0): length, version, then names and values.
 *
 * @param {Record<string, string>} parameters
 */
function startup(parameters) {
  const body = Buffer.from(`${Object.entries(parameters).flat().join('\0')}\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + body.length, 0);
  head.writeUInt32BE(protocol3, 4);
  return Buffer.concat([head, body]);
}
