import { connect } from 'node:net';

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
  const { hostname, port, username, pathname } = new URL(url);
  const user = decodeURIComponent(username);
  const database = decodeURIComponent(pathname.slice(1)) || user;
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) });

  return new Promise((resolve) => {
    let isOpen = false;
    let received = Buffer.alloc(0);
    /** @param {'ready' | 'starting' | 'something else' | 'nothing'} answer */
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    const giveUp = () => finish(isOpen ? 'something else' : 'nothing');

    socket.setTimeout(withinMs, giveUp);
    socket.once('connect', () => {
      isOpen = true;
      socket.write(startup({ user, database }));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 5) return;
      const [type, length] = [String.fromCharCode(received[0] ?? 0), received.readUInt32BE(1)];
      if (type !== 'R' && type !== 'E') return finish('something else');
      if (type === 'R') return finish('ready'); // it asks who we are
      if (received.length < 1 + length) return;
      const fields = received.toString('utf8', 5, 1 + length).split('\0');
      finish(fields.includes(`C${cannotConnectNow}`) ? 'starting' : 'ready'); // other refusals are about us
    });
    socket.once('end', giveUp);
    socket.once('error', giveUp);
  });
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
