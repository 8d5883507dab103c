import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Does this request want a websocket? */
export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Answers a request for another protocol that it does not get. */
export function refuseUpgrade(socket: Duplex, status: number, words: string): void {
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} ${words}\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n`,
  );
}

/** Offers that need not be taken: what else is asked for stays a request like any other (RFC 9110, section 7.8). */
const NOT_OURS = new Set(['upgrade', 'http2-settings']);

/**
 * Serves a request as if no other protocol had been offered with it. Node gives a server that takes websockets every such request, with
 * its body unread; Java's HTTP client, and curl when it is asked to, offer HTTP/2 so with whatever they want.
 */
export function withoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!NOT_OURS.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
