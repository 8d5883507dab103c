import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import { amqpAnswer } from '../../scripts/broker/amqp-probe.mjs';

const start = Buffer.from([1, 0, 0, 0, 0, 1, 0, 0, 10, 0, 10, 0, 9]);

describe('the AMQP probe', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(behave: (socket: Socket) => void): Promise<string> {
    const server = createServer(behave).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    return `amqp://user:secret@127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  }

  it('knows a broker by its answer to the protocol header, even when it comes in pieces', async () => {
    const url = await listen((socket) => {
      socket.once('data', (header) => {
        expect(header.toString('latin1')).toBe('AMQP\0\0\u0009\u0001');
        socket.write(start.subarray(0, 5), () => socket.write(start.subarray(5)));
      });
    });
    expect(await amqpAnswer(url)).toBe('amqp');
  });

  it('tells an open port that speaks another protocol, closes at once or says nothing', async () => {
    const http = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const other = await listen((socket) => socket.end('AMQP\0\u0001\0\0'));
    const closes = await listen((socket) => socket.end());
    const silent = await listen((socket) => socket.on('error', () => {}));
    expect(await amqpAnswer(http)).toBe('something else');
    expect(await amqpAnswer(other)).toBe('something else');
    expect(await amqpAnswer(closes)).toBe('something else');
    expect(await amqpAnswer(silent, 2_000)).toBe('something else');
  });

  it('tells a closed port', async () => {
    const url = await listen(() => {});
    servers.pop()?.close();
    expect(await amqpAnswer(url)).toBe('nothing');
  });
});
