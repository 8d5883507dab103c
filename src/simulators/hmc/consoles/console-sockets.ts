import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { AsciiConsoles } from './ascii-consoles.js';

const LARGEST_MESSAGE_BYTES = 64 * 1024;

/** Makes websockets of the requests that ASCII consoles have invited, and refuses all others. */
export function upgradeToConsoles(
  consoles: AsciiConsoles,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE_BYTES, perMessageDeflate: false });
  return (request, socket, head) => {
    const connect = consoles.admit(request.url ?? '');
    if (connect === null) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    server.handleUpgrade(request, socket, head, connect);
  };
}
