import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below Linux's ephemeral range (32768 up), so that no outgoing connection takes the port between check and use.
const lowest = 20_000;
const highest = 29_999;

/**
 * @param {number} port
 * @returns {Promise<boolean>} whether 127.0.0.1:port can be listened on now
 */
export async function isPortFree(port) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * @returns {Promise<number>} a port that is free on 127.0.0.1; neither this process nor another one is handed it again
 *   while this one lives
 */
export async function freePort() {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    const reservation = await reserve(port);
    if (reservation === undefined) continue;
    if (await isPortFree(port)) return port;
    reservation.close();
  }
}

/**
 * A port is nobody's until its server listens: the UDP socket of the same number, which no server here wants, stands for
 * it until this process ends.
 *
 * @param {number} port
 * @returns {Promise<import('node:dgram').Socket | undefined>} undefined when it is reserved already
 */
async function reserve(port) {
  const socket = createSocket('udp4');
  socket.bind({ port, address: '127.0.0.1', exclusive: true });
  try {
    await once(socket, 'listening');
  } catch {
    socket.close();
    return undefined;
  }
  return socket.unref();
}
