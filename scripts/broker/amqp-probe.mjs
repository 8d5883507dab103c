import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

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
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket =
    protocol === 'amqps:'
      ? connectTls({ host, port: Number(port || 5671), servername: host, rejectUnauthorized: false })
      : connect({ host, port: Number(port || 5672) });

  return new Promise((resolve) => {
    let isOpen = false;
    let received = Buffer.alloc(0);
    /** @param {'amqp' | 'something else' | 'nothing'} answer */
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    const giveUp = () => finish(isOpen ? 'something else' : 'nothing');

    socket.setTimeout(withinMs, giveUp);
    socket.once(protocol === 'amqps:' ? 'secureConnect' : 'connect', () => {
      isOpen = true;
      socket.write(protocolHeader);
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 11) return;
      const isStart = received[0] === methodFrame && received.subarray(7, 11).equals(connectionStart);
      finish(isStart ? 'amqp' : 'something else');
    });
    socket.once('end', giveUp);
    socket.once('error', giveUp);
  });
}
