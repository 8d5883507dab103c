import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { portAnswer, portOf } from '../server/port-answer.mjs';

const protocolHeader = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]); // "AMQP" 0 0 9 1
const methodFrame = 1;
const connectionStart = Buffer.from([0, 10, 0, 10]); // class connection, method start: offset 7 of the first frame

/**
 * Asks whether an AMQP 0-9-1 broker answers at a URL. No credentials are sent, and for the same reason a TLS
 * certificate is not checked here: whoever logs on afterwards does that.
 *
 * @param {string} url `amqp://` or `amqps://`
 * @param {number} [withinMs]
 * @returns {Promise<'amqp' | 'something else' | 'nothing'>} "something else" is an open port with another protocol
 */
export function amqpAnswer(url, withinMs = 3_000) {
  const parsed = new URL(url);
  const common = { hello: protocolHeader, judge };
  if (parsed.protocol !== 'amqps:') return portAnswer(connect(portOf(parsed, 5672)), common, withinMs);
  const place = portOf(parsed, 5671);
  const socket = connectTls({ ...place, servername: place.host, rejectUnauthorized: false });
  return portAnswer(socket, { openedBy: 'secureConnect', ...common }, withinMs);
}

/** @param {Buffer} received */
function judge(received) {
  if (received.length < 11) return undefined;
  const isStart = received[0] === methodFrame && received.subarray(7, 11).equals(connectionStart);
  return isStart ? 'amqp' : 'something else';
}
