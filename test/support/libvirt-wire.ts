import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { programs } from '../../packages/node-libvirt/src/generated/procedures.js';
import { MessageSplitter } from '../../packages/node-libvirt/src/rpc/message-splitter.js';
import { MessageType, type Message } from '../../packages/node-libvirt/src/rpc/message.js';

/** What passes between clients and daemons of libvirt: somebody in the middle, who reads what clients call, and changes nothing. */
export class LibvirtWire {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #requests: string[] = [];
  readonly #changes: string[] = [];

  /**
   * Stands before a daemon.
   *
   * @param socketPath where clients connect from now on
   * @param daemon the daemon's own socket
   */
  async tap(socketPath: string, daemon: string): Promise<void> {
    const server = createServer((client) => this.#join(client, connect(daemon)));
    server.listen(socketPath);
    await once(server, 'listening');
    this.#servers.push(server);
  }

  /** Names of the procedures that were called, in the order of arrival. */
  requests(): readonly string[] {
    return this.#requests;
  }

  /** Those that are meant to change something. */
  changes(): readonly string[] {
    return this.#changes;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closing = this.#servers.map((server) => {
      server.close();
      return once(server, 'close');
    });
    await Promise.all(closing);
  }

  #join(client: Socket, daemon: Socket): void {
    const splitter = new MessageSplitter();
    client.on('data', (chunk) => {
      splitter.push(chunk);
      for (let message = splitter.next(); message !== undefined; message = splitter.next()) this.#keep(message);
    });
    for (const [one, other] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  #keep(message: Message): void {
    const name = procedureOf(message);
    if (name === undefined || isHousekeeping(name)) return;
    this.#requests.push(name);
    if (!isRead(name, message.payload)) this.#changes.push(name);
  }
}

/** Undefined for what is no call: parts of streams, and what keeps a connection alive. */
function procedureOf({ program, procedure, type }: Message): string | undefined {
  if (type !== MessageType.CALL && type !== MessageType.CALL_WITH_FDS) return undefined;
  for (const [name, { number, procedures }] of Object.entries(programs)) {
    if (number !== program || name === 'keepalive') continue;
    const found = Object.entries(procedures).find(([, its]) => its === procedure);
    return found?.[0] ?? `${name} ${procedure}`;
  }
  return `${program} ${procedure}`;
}

/** Opening and closing a connection, and asking for events, are about the connection and about nothing behind it. */
function isHousekeeping(name: string): boolean {
  return /^(auth_|connect_(open|close|supports_feature|get_type)$)/.test(name) || /_(de|un)?register(_|$)/.test(name);
}

const WRITES = /(^|_)(set|create|define|undefine|delete)(_|$)/;
const READS =
  /(^|_)(get|list|lookup|num|is|has|compare|baseline|peek|find|refresh|download|screenshot|stats|addresses|native)(_|$)|_open_(console|channel|graphics)/;
/** Commands of the guest agent that only ask. */
const AGENT_READS =
  /"execute"\s*:\s*"guest-(ping|sync|sync-delimited|info|get-[a-z-]+|fsfreeze-status|exec-status|network-get-interfaces)"/;

function isRead(name: string, payload: Buffer): boolean {
  if (name === 'domain_agent_command') return AGENT_READS.test(payload.toString('latin1'));
  return READS.test(name) && !WRITES.test(name);
}
