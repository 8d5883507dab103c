import { once } from 'node:events';
import { createServer } from 'node:net';

// Below Linux's ephemeral range (32768 up), so that no outgoing connection takes the port between check and use.
const lowest = 20_000;
const highest = 29_999;

/** @type {Set<number>} */
const handedOut = new Set();

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

/** @returns {Promise<number>} a port that is free on 127.0.0.1; never the same one twice in this process */
export async function freePort() {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await isPortFree(port)) return port;
  }
}
