import { randomUUID } from 'node:crypto';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from '../../packages/node-libvirt/src/generated/procedures.js';

/** What is lost of a call: the call itself, or the answer to one that was carried out; `middle`: the answer to one that is being carried out. */
export type Lost = 'call' | 'middle' | 'answer';

export type ProcedureName = keyof typeof programs.remote.procedures;

interface Cut {
  readonly isIt: (procedure: ProcedureName) => boolean;
  readonly lost: Lost;
  /** How many such calls pass before. */
  passing: number;
  readonly end: () => Promise<void>;
}

const NAMES = new Map(
  Object.entries(programs.remote.procedures).map(([name, number]): [number, ProcedureName] => [
    number,
    name as ProcedureName,
  ]),
);
/** What a client does of itself, to be connected and to be told of events. */
const OF_CONNECTIONS = /^(auth_|connect_(open|close|supports_feature|domain_event_))/;

const HEADER = { program: 4, procedure: 12, type: 16, serial: 20 } as const;
const CALL = 0;
const REPLY = 1;

/** Somebody between clients and a daemon of libvirt, who lets one call get lost, or its answer, and ends the daemon at that moment. */
export class LibvirtCut {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  #seen: ProcedureName[] = [];
  #ended: Promise<void> | undefined;

  /** Where clients connect. */
  readonly socketPath = join(tmpdir(), `zenova-cut-${randomUUID()}`);

  /** @param daemon its socket */
  constructor(daemon: string) {
    this.#server = createServer((client) => this.#join(client, connect(daemon)));
    this.#server.listen(this.socketPath);
  }

  /**
   * At the next call of this procedure.
   *
   * @param end ends the daemon, and starts it again
   * @param passing how many such calls pass before
   */
  at(procedure: ProcedureName, lost: Lost, end: () => Promise<void>, passing = 0): void {
    this.#cut = { isIt: (name) => name === procedure, lost, end, passing };
    this.#ended = undefined;
  }

  /** The same at any call that asks or changes something. */
  afterCalls(passing: number, lost: Lost, end: () => Promise<void>): void {
    this.#cut = { isIt: (name) => !OF_CONNECTIONS.test(name), lost, end, passing };
    this.#ended = undefined;
  }

  /** Nothing gets lost that has not yet. */
  disarm(): void {
    this.#cut = undefined;
  }

  /** The calls that have asked or changed something since this was called. */
  seen(): readonly ProcedureName[] {
    const seen = this.#seen;
    this.#seen = [];
    return seen;
  }

  /** Was anything lost? Then the daemon is there again afterwards. */
  async hasCut(): Promise<boolean> {
    await this.#ended;
    return this.#ended !== undefined;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #endBy(cut: Cut): void {
    this.#ended = cut.end();
    // Whoever asks what was cut is told, later.
    this.#ended.catch(() => undefined);
  }

  #join(client: Socket, daemon: Socket): void {
    /** Serial number of the call whose answer gets lost. */
    let awaited: number | undefined;
    const sever = (): void => {
      client.destroy();
      daemon.destroy();
    };
    const end = (cut: Cut): void => {
      this.#cut = undefined;
      sever();
      this.#endBy(cut);
    };
    onFrames(client, (frame) => {
      const cut = this.#cut;
      const name = calledBy(frame);
      if (name !== undefined && !OF_CONNECTIONS.test(name)) this.#seen.push(name);
      const isIt = name !== undefined && cut?.isIt(name) === true;
      if (cut !== undefined && isIt && cut.passing > 0) cut.passing -= 1;
      else if (cut !== undefined && isIt) {
        if (cut.lost === 'call') return end(cut);
        if (cut.lost === 'answer') awaited = frame.readUInt32BE(HEADER.serial);
        else {
          // Whoever ends the daemon ends what is between the two as well.
          this.#cut = undefined;
          this.#endBy(cut);
        }
      }
      daemon.write(frame);
    });
    onFrames(daemon, (frame) => {
      const isAnswer = frame.readUInt32BE(HEADER.type) === REPLY && frame.readUInt32BE(HEADER.serial) === awaited;
      if (isAnswer && this.#cut !== undefined) end(this.#cut);
      else client.write(frame);
    });
    for (const socket of [client, daemon]) {
      this.#sockets.add(socket);
      socket.on('error', sever);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        sever();
      });
    }
  }
}

/** The call that a message is; undefined when it is something else. */
function calledBy(frame: Buffer): ProcedureName | undefined {
  const isCall =
    frame.readUInt32BE(HEADER.program) === programs.remote.number && frame.readUInt32BE(HEADER.type) === CALL;
  return isCall ? NAMES.get(frame.readUInt32BE(HEADER.procedure)) : undefined;
}

/** Whole messages, one after the other: each begins with its length. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= held.readUInt32BE(0)) {
      const length = held.readUInt32BE(0);
      take(held.subarray(0, length));
      held = held.subarray(length);
    }
  });
}
