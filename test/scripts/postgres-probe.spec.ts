import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import { postgresAnswer } from '../../scripts/postgres/probe.mjs';

const asksForPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 10]);

/** An ErrorResponse of the protocol: severity, SQLSTATE and message, each with a letter before it. */
function refusal(sqlState: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${sqlState}\0Mno\0\0`);
  return Buffer.concat([Buffer.from([0x45, 0, 0, 0, fields.length + 4]), fields]);
}

describe('the PostgreSQL probe', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(behave: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => behave(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    return `postgresql://a%20user:secret@127.0.0.1:${port}/base`;
  }

  it('knows a server by its answer to the first message, even when it comes in pieces', async () => {
    const received: string[] = [];
    const url = await listen((socket) => {
      socket.once('data', (first) => {
        received.push(first.toString('latin1'));
        socket.write(asksForPassword.subarray(0, 3), () => socket.write(asksForPassword.subarray(3)));
      });
    });
    expect(await postgresAnswer(url)).toBe('ready');
    expect(received).toEqual(['\0\0\0\u0023\0\u0003\0\0user\0a user\0database\0base\0\0']);
  });

  it.each([
    ['57P03', 'starting'],
    ['28000', 'ready'],
  ])('reads the refusal %s as %s', async (sqlState, expected) => {
    const url = await listen((socket) => {
      const bytes = refusal(sqlState);
      socket.write(bytes.subarray(0, 9), () => socket.end(bytes.subarray(9)));
    });
    expect(await postgresAnswer(url)).toBe(expected);
  });

  it('tells an open port that speaks another protocol, closes at once or says nothing', async () => {
    const http = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const closes = await listen((socket) => socket.end());
    const silent = await listen(() => {});
    expect(await postgresAnswer(http)).toBe('something else');
    expect(await postgresAnswer(closes)).toBe('something else');
    expect(await postgresAnswer(silent, 2_000)).toBe('something else');
  });

  it('tells a closed port', async () => {
    const url = await listen(() => {});
    servers.pop()?.close();
    expect(await postgresAnswer(url)).toBe('nothing');
  });
});
