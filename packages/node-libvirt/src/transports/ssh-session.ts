import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientChannel, type ServerHostKeyAlgorithm } from 'ssh2';
import { addressText, connectTcp, untilAborted } from './connecting.js';
import { printable } from './printable.js';
import { hostKeyCheck, type HostKeyCheck } from './ssh-host-key.js';
import { LogOnAttempts, logOnsOf, type LogOn, type LogOnChoice, type SshFault } from './ssh-log-on.js';
import { SshRun } from './ssh-run.js';
import type { SshServer } from './ssh-server.js';
import { SshStream, type ChannelEnd } from './ssh-stream.js';
import { TransportError } from '../errors/transport-error.js';

const KEEPALIVE_INTERVAL_MS = 10_000;
const KEEPALIVE_COUNT = 3;
const FAREWELL_MS = 1000;

type Phase = 'handshake' | 'logon' | 'use';

/** One ssh connection, logged on, for any number of streams. It does not come back when it is lost. */
export class SshSession {
  readonly #client: Client = new ssh2.Client();
  readonly #server: SshServer;
  readonly #socket: Socket;
  #over: TransportError | undefined;

  private constructor(server: SshServer, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
  }

  /** @throws TransportError; the signal's reason */
  static async open(server: SshServer, signal: AbortSignal): Promise<SshSession> {
    const check = await hostKeyCheck(server, server.trust);
    const logOns = await logOnsOf(server.user, server.identity);
    const session = new SshSession(server, await connectTcp(server, signal));
    try {
      await session.#logOn(check, logOns, signal);
      return session;
    } catch (error) {
      session.#socket.destroy();
      throw error;
    }
  }

  /** False when it is lost or closed. */
  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** A stream to a unix socket over there. @throws TransportError `unavailable`, `lost`; the signal's reason */
  openSocket(path: string, signal: AbortSignal): Promise<Duplex> {
    return this.#open(
      signal,
      (done) => this.#client.openssh_forwardOutStreamLocal(path, done),
      `${path} on ${this.#where} cannot be reached through ssh`,
      (channel) => this.#stream(channel, undefined),
    );
  }

  /** A stream to a command that runs over there. @throws as {@link openSocket} */
  openCommand(command: string, signal: AbortSignal): Promise<Duplex> {
    return this.#exec(command, signal, (channel) => this.#stream(channel, programOf(command)));
  }

  /** Starts a command over there, whose output is collected. @throws as {@link openSocket} */
  startCommand(command: string, limits: { readonly maxBytes: number }, signal: AbortSignal): Promise<SshRun> {
    const lost = (): TransportError =>
      this.#over ?? new TransportError('lost', `the ssh server ${this.#where} broke off what it was running`);
    return this.#exec(command, signal, (channel) => new SshRun(channel, limits.maxBytes, lost));
  }

  /** Ends the connection and every stream on it. */
  async close(): Promise<void> {
    this.#over ??= new TransportError('lost', `the ssh connection to ${this.#where} is closed`);
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => {
      this.#socket.once('close', resolve);
    });
    // A server that is gone does not say goodbye.
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
    this.#client.end();
    await closed;
    clearTimeout(timer);
  }

  get #where(): string {
    return addressText(this.#server);
  }

  async #logOn(check: HostKeyCheck, logOns: readonly LogOn[], signal: AbortSignal): Promise<void> {
    const attempts = new LogOnAttempts(this.#server, logOns);
    let refusal: TransportError | undefined;
    let phase: Phase = 'handshake';
    const client = this.#client;
    await untilAborted<void>(signal, (resolve, reject) => {
      client.on('handshake', () => {
        if (phase === 'handshake') phase = 'logon';
      });
      client.on('ready', () => {
        phase = 'use';
        resolve();
      });
      // The listener stays: what goes wrong later ends the connection, and with it every stream.
      client.on('error', (fault: SshFault) => {
        if (attempts.isAboutOne(fault)) return;
        const error = refusal ?? attempts.refusal ?? this.#describe(fault, phase);
        this.#over ??= error;
        reject(error);
      });
      client.on('close', () => {
        this.#over ??= this.#closedIn(phase);
        reject(this.#over);
      });
      client.connect({
        sock: this.#socket,
        username: this.#server.user,
        readyTimeout: 0, // the caller's signal
        keepaliveInterval: KEEPALIVE_INTERVAL_MS,
        keepaliveCountMax: KEEPALIVE_COUNT,
        algorithms: { serverHostKey: [...check.algorithms] as ServerHostKeyAlgorithm[] },
        hostVerifier: (key: Buffer): boolean => {
          refusal = check.judge(key);
          return refusal === undefined;
        },
        // The types leave out that `false` gives up.
        authHandler: (accepted, _isPartial, next) => attempts.next(accepted, next as LogOnChoice),
      });
    });
  }

  #describe({ level, code, message }: SshFault, phase: Phase): TransportError {
    const text = printable(message);
    if (phase === 'use') return new TransportError('lost', `the ssh connection to ${this.#where} was lost: ${text}`);
    if (typeof code === 'number')
      return new TransportError('refused', `the ssh server ${this.#where} ended the connection: ${text}`);
    if (level === 'client-socket')
      return new TransportError('unreachable', `the connection to ${this.#where} broke (${code ?? text})`, { code });
    if (this.#socket.bytesRead === 0) return this.#closedIn(phase);
    return new TransportError('protocol', `${this.#where} and we do not understand each other as ssh: ${text}`);
  }

  #closedIn(phase: Phase): TransportError {
    switch (phase) {
      case 'handshake':
        return new TransportError('unreachable', `${this.#where} closed the connection during the ssh handshake`);
      case 'logon':
        return new TransportError('unreachable', `${this.#where} closed the connection while we logged on`);
      case 'use':
        return new TransportError('lost', `the ssh connection to ${this.#where} was lost`);
    }
  }

  #exec<T extends { destroy(): void }>(
    command: string,
    signal: AbortSignal,
    wrap: (channel: ClientChannel) => T,
  ): Promise<T> {
    const complaint = `the ssh server ${this.#where} does not run ${programOf(command)}`;
    return this.#open(signal, (done) => this.#client.exec(command, done), complaint, wrap);
  }

  /** @param wrap listens to the channel; called at once, since what has come with the channel's opening is told next */
  async #open<T extends { destroy(): void }>(
    signal: AbortSignal,
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    complaint: string,
    wrap: (channel: ClientChannel) => T,
  ): Promise<T> {
    return untilAborted<T>(signal, (resolve, reject) => {
      const fail = (error: Error): void => {
        reject(this.#over ?? new TransportError('unavailable', `${complaint}: ${openFailure(error)}`));
      };
      try {
        open((error, channel) => {
          if (error !== undefined) fail(error);
          else {
            const wrapped = wrap(channel);
            if (signal.aborted) wrapped.destroy();
            else resolve(wrapped);
          }
        });
      } catch (error) {
        fail(error as Error);
      }
    });
  }

  #stream(channel: ClientChannel, program: string | undefined): SshStream {
    return new SshStream(channel, program !== undefined, (end) => this.#failureOf(end, program));
  }

  #failureOf({ status, complaint, hasAnswered }: ChannelEnd, program: string | undefined): Error | undefined {
    if (this.#over !== undefined) return this.#over;
    if (program === undefined || hasAnswered) return undefined;
    const how = status === undefined ? 'without a status' : `with status ${status}`;
    const text = printable(lastLines(complaint)) || 'it gave no reason';
    return new TransportError('unavailable', `${program} on ${this.#where} ended ${how}: ${text}`);
  }
}

function programOf(command: string): string {
  return command.split(' ')[0] ?? '';
}

/** The reason comes last; what a shell says when it starts may come before it. */
function lastLines(text: string): string {
  return text.trim().split('\n').slice(-2).join('\n');
}

/** The library's text without its prefix. */
function openFailure(error: Error): string {
  return printable(error.message.replace(/^\(SSH\) Channel open failure: /, ''));
}
