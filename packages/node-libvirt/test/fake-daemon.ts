import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from '../src/generated/procedures.js';
import { frame, type Message, MessageStatus, MessageType } from '../src/rpc/message.js';
import { MessageSplitter } from '../src/rpc/message-splitter.js';
import type { XdrWriter } from '../src/xdr/xdr-writer.js';

/** What a daemon does with one message. */
export type Answering = (message: Message, socket: Socket) => void;

export interface FakeDaemon {
  readonly socketPath: string;
  /** What was received, in hexadecimal numbers of program and procedure: `20008086/1`. */
  readonly received: string[];
  /** Takes the place of the usual answers, which are those of a daemon that lets everybody in. */
  readonly answers: Map<number, Answering>;
  stop(): Promise<void>;
}

type Write = (writer: XdrWriter) => void;
const P = programs.remote.procedures;

/** One that says what no real one says. */
export async function startFakeDaemon(): Promise<FakeDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'zenova-fake-libvirtd-'));
  const socketPath = join(directory, 'sock');
  const received: string[] = [];
  const answers = new Map<number, Answering>([
    [P.auth_list, answering((w) => [1, 0].forEach((value) => w.int(value)))],
    [P.connect_open, answering(() => undefined)],
    [P.connect_close, answering(() => undefined)],
    [P.connect_supports_feature, answering((w) => w.int(0))],
  ]);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const splitter = new MessageSplitter();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
      for (let message = splitter.next(); message !== undefined; message = splitter.next()) {
        received.push(`${message.program.toString(16)}/${message.procedure}`);
        answers.get(message.procedure)?.(message, socket);
      }
    });
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    received,
    answers,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      rmSync(directory, { recursive: true });
    },
  };
}

/** A good answer. */
export const answering =
  (write: Write): Answering =>
  (message, socket) =>
    socket.write(reply(message, write));

export function reply(to: Message, write: Write, changed: Partial<Message> = {}): Buffer {
  return frame({ ...to, type: MessageType.REPLY, status: MessageStatus.OK, ...changed }, write);
}

/** An error as libvirt writes it: code, domain, message, level, and eight times nothing. */
export const writeError =
  (code: number, text: string): Write =>
  (w) => {
    w.int(code);
    w.int(10);
    w.bool(true);
    w.string(text, 1000);
    w.int(2);
    for (let count = 0; count < 7; count++) w.int(0);
  };
