import type { ClientChannel } from 'ssh2';
import { ProtocolError } from '../errors/connection-errors.js';
import type { CommandEnd } from './command-end.js';

/** A command that runs at the far end of an ssh connection. */
export class SshRun {
  readonly #channel: ClientChannel;
  readonly #output: Buffer[] = [];
  readonly #complaint: Buffer[] = [];
  /** When it is over. Rejects when the connection breaks before, and when it says more than is wanted. */
  readonly ended: Promise<CommandEnd>;

  /**
   * @param maxBytes the most that is taken of what it says
   * @param lost makes the error for a connection that ends before the command does
   */
  constructor(channel: ClientChannel, maxBytes: number, lost: () => Error) {
    this.#channel = channel;
    let left = maxBytes;
    this.ended = new Promise((resolve, reject) => {
      let status: number | null | undefined;
      const collect = (into: Buffer[]) => (chunk: Buffer) => {
        left -= chunk.length;
        if (left >= 0) {
          into.push(chunk);
          return;
        }
        reject(new ProtocolError(`the command says more than ${maxBytes} bytes`));
        this.destroy();
      };
      channel.on('data', collect(this.#output));
      channel.stderr.on('data', collect(this.#complaint));
      channel.on('exit', (code: number | null) => {
        status = code;
      });
      channel.on('error', reject);
      channel.on('close', () => {
        if (status === undefined) reject(lost());
        else resolve({ status, output: text(this.#output), complaint: text(this.#complaint) });
      });
    });
    // Whoever gives up does not wait for it.
    this.ended.catch(() => undefined);
  }

  /** Gives the command all that it reads. */
  input(all: string): void {
    this.#channel.end(all);
  }

  /** Ends the listening. What the command does goes on, unless it notices. */
  destroy(): void {
    this.#channel.destroy();
    this.#channel.resume();
    this.#channel.stderr.resume();
  }
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
