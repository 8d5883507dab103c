import { addressText, untilAborted, within } from './connecting.js';
import { serverOf, type SshServer, type SshServerOptions } from './ssh-server.js';
import { SharedSession } from './ssh-shared.js';
import type { CommandEnd } from './command-end.js';
import { CallTimeoutError } from '../errors/connection-errors.js';
import { TransportError } from '../errors/transport-error.js';

const LINGER_MS = 30_000;
const MAX_BYTES = 16 * 1024 * 1024;

export interface CommandOptions {
  /** What it reads. Nothing when left out. */
  readonly input?: string;
  /** For the ssh connection, when one is to be made, and the command together. */
  readonly timeoutMs: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** Commands at an ssh server, for hosts that allow nothing else. They share one ssh connection, which stays for a while. */
export class SshCommands {
  readonly #server: SshServer;
  readonly #shared: SharedSession;

  /** Nothing is opened yet. @throws TransportError `settings` */
  constructor(options: SshServerOptions) {
    this.#server = serverOf(options);
    this.#shared = new SharedSession(this.#server, LINGER_MS);
  }

  /**
   * Runs a command to its end, whatever its status is.
   *
   * @param command for the shell of the user over there: whatever is not fixed goes through {@link shellWord}
   * @throws TransportError when there is no connection, and `lost` when it breaks while the command runs; CallTimeoutError;
   *   ProtocolError when it says more than 16 MiB; the signal's reason
   */
  async run(command: string, { input = '', timeoutMs, signal }: CommandOptions): Promise<CommandEnd> {
    const where = addressText(this.#server);
    let isStarted = false;
    const late = (): Error =>
      isStarted
        ? new CallTimeoutError(`the command at ${where} has not ended within ${timeoutMs} ms`, true)
        : new TransportError('timeout', `${where} did not run the command within ${timeoutMs} ms`);
    return await within(
      timeoutMs,
      signal,
      async (both) => {
        const { session, release, forget } = await this.#shared.take(both);
        try {
          const run = await session.startCommand(command, { maxBytes: MAX_BYTES }, both);
          isStarted = true;
          run.input(input);
          try {
            // A server may take its time to give a channel back.
            return await untilAborted<CommandEnd>(both, (resolve, reject) => {
              run.ended.then(resolve, reject);
            });
          } finally {
            run.destroy();
          }
        } catch (error) {
          if (both.reason instanceof TransportError) forget();
          throw error;
        } finally {
          release();
        }
      },
      late,
    );
  }

  /** Ends the ssh connection, and with it what is under way. */
  close(): void {
    this.#shared.close();
  }
}
