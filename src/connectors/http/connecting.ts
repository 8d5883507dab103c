import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorCodeOf, messageOf } from '../../common/errors/index.js';
import { HttpFailure, type HttpFailureKind } from './http-failure.js';

/** Resolves once a socket may be written to. @throws HttpFailure; the socket is then for the caller to destroy */
export function untilConnected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  kindOfError: () => HttpFailureKind = () => 'unreachable',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      finish(new HttpFailure('unreachable', `no connection within ${timeoutMs} ms`, 'ETIMEDOUT', 'no'));
    }, timeoutMs);
    const onConnected = (): void => finish();
    const onError = (error: unknown): void => {
      finish(new HttpFailure(kindOfError(), messageOf(error), errorCodeOf(error), 'no'));
    };
    const onClose = (): void => {
      finish(new HttpFailure('unreachable', 'the connection was closed during the handshake', undefined, 'no'));
    };
    const finish = (failure?: HttpFailure): void => {
      clearTimeout(timer);
      socket.off(event, onConnected).off('close', onClose);
      if (failure === undefined) {
        socket.off('error', onError);
        resolve();
      } else {
        // The listener for errors stays: a socket that is given up may still complain.
        reject(failure);
      }
    };
    socket.on(event, onConnected).on('error', onError).on('close', onClose);
  });
}

/** What Node's agents call with the socket that they have asked for. */
type Deliver = (error: Error | null, socket?: Duplex) => void;

/** The connections of an agent that are on their way: a request gets its socket when it may be written to, and not before. */
export class Connections {
  readonly #connecting = new Set<Socket>();
  #isDestroyed = false;

  /** Hands the socket that `connect` makes to an agent. */
  supply(connect: () => Promise<Duplex>, callback: unknown): void {
    const deliver = callback as Deliver | undefined;
    connect().then(
      (socket) => deliver?.(null, socket),
      (error: unknown) => deliver?.(error as Error),
    );
  }

  /**
   * Opens a socket, and destroys it when it cannot be used.
   *
   * @param make begins to connect
   * @param untilUsable throws HttpFailure when the socket must not be used
   */
  async open<S extends Socket>(make: () => S, untilUsable: (socket: S) => Promise<void>): Promise<S> {
    if (this.#isDestroyed) throw new HttpFailure('closed', 'the client is closed', undefined, 'no');
    const socket = make();
    this.#connecting.add(socket);
    try {
      await untilUsable(socket);
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      this.#connecting.delete(socket);
    }
  }

  /** Ends what is on its way; nothing is opened afterwards. */
  destroy(): void {
    this.#isDestroyed = true;
    for (const socket of this.#connecting) socket.destroy();
  }
}
