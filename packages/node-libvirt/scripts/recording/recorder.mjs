import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * @typedef {object} Frame
 * @property {number} connection which one, counted from 0
 * @property {'client' | 'daemon'} from
 * @property {Buffer} bytes one whole message
 */

/**
 * Stands between a client and a daemon, changes nothing, and keeps each message.
 *
 * @param {string} socketPath where it listens
 * @param {string} daemonPath
 * @returns {Promise<{ frames: Frame[], stop: () => Promise<void> }>}
 */
export async function startRecorder(socketPath, daemonPath) {
  /** @type {Frame[]} */
  const frames = [];
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  let count = 0;
  const server = createServer((client) => {
    const connection = count++;
    const daemon = connect(daemonPath);
    for (const [from, source, target] of /** @type {const} */ ([
      ['client', client, daemon],
      ['daemon', daemon, client],
    ])) {
      sockets.add(source);
      let pending = Buffer.alloc(0);
      source.on('data', (/** @type {Buffer} */ chunk) => {
        target.write(chunk);
        pending = Buffer.concat([pending, chunk]);
        for (let length = lengthOf(pending); pending.length >= length; length = lengthOf(pending)) {
          frames.push({ connection, from, bytes: Buffer.from(pending.subarray(0, length)) });
          pending = pending.subarray(length);
        }
      });
      source.on('error', () => target.destroy());
      source.on('close', () => target.destroy());
    }
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    frames,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @param {Buffer} bytes */
function lengthOf(bytes) {
  return bytes.length < 4 ? Infinity : bytes.readUInt32BE(0);
}
