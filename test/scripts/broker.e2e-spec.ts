import { afterEach, describe, expect, it } from '@jest/globals';
import { type ConfirmChannel, connect } from 'amqplib';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Broker, startBroker } from '../../scripts/broker.mjs';
import { amqpAnswer } from '../../scripts/broker/amqp-probe.mjs';
import { eventually } from '../support/eventually.js';
import { processesWith } from '../support/processes.js';

const module = new URL('../../scripts/broker.mjs', import.meta.url).href;
const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

describe('a private broker', () => {
  const brokers: Broker[] = [];
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.stop();
  });

  it('keeps its port, queues and messages over a restart and a crash, then leaves nothing behind', async () => {
    const broker = await startBroker();
    brokers.push(broker);
    const pids = [broker.pid()];

    const withChannel = async <T>(body: (channel: ConfirmChannel) => Promise<T>): Promise<T> => {
      const connection = await connect(broker.url);
      const result = await body(await connection.createConfirmChannel());
      await connection.close();
      return result;
    };
    const send = async (queue: string, text: string): Promise<void> =>
      withChannel(async (channel) => {
        await channel.assertQueue(queue, quorum);
        channel.sendToQueue(queue, Buffer.from(text), { persistent: true });
        await channel.waitForConfirms();
      });
    const next = async (channel: ConfirmChannel): Promise<string | undefined> => {
      const message = await channel.get('zenova.rpc');
      return message === false ? undefined : message.content.toString();
    };

    await send('zenova.rpc', 'before the restart');
    await broker.restart();
    pids.push(broker.pid());
    await send('zenova.rpc', 'before the crash');
    await broker.kill();
    expect(await amqpAnswer(broker.url)).toBe('nothing');
    await broker.restart();
    pids.push(broker.pid());
    const kept = await withChannel(async (channel) => [await next(channel), await next(channel), await next(channel)]);
    expect(kept).toEqual(['before the restart', 'before the crash', undefined]);
    expect(new Set(pids).size).toBe(3);

    await send('zenova.rpc.dead', 'a dead letter');
    const queues: unknown = JSON.parse(await broker.ctl('list_queues', 'name', 'policy', '--formatter=json'));
    expect(queues).toEqual(
      expect.arrayContaining([
        { name: 'zenova.rpc', policy: 'zenova-rpc' },
        { name: 'zenova.rpc.dead', policy: 'zenova-dead' },
      ]),
    );

    expect(processesWith(broker.dataDir)).not.toEqual([]);
    await broker.stop();
    expect(processesWith(broker.dataDir)).toEqual([]);
    expect(existsSync(broker.dataDir)).toBe(false);
  });

  it('ends when the process that started it is killed', async () => {
    const script = `
      const { startBroker } = await import(${JSON.stringify(module)});
      console.log((await startBroker()).dataDir);
      setInterval(() => {}, 60_000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(starter.stdout, 'data');
    const dataDir = String(line).trim();
    expect(processesWith(dataDir)).not.toEqual([]);
    starter.kill('SIGKILL');
    await eventually(
      () => !existsSync(dataDir) && processesWith(dataDir).length === 0,
      'the broker and its files to be gone',
    );
  });

  it('refuses a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(startBroker({ port })).rejects.toThrow(`127.0.0.1:${port} is in use`);
    server.close();
  });
});
