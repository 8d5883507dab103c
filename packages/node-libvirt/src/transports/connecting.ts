import { connect, type Socket } from 'node:net';
import { TransportError } from '../errors/transport-error.js';

/** A server on the network. */
export interface NetworkAddress {
  /** Name or address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

export function addressText({ host, port }: NetworkAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Does some work within a time.
 *
 * @param work rejects when its signal is aborted, and leaves nothing open when it rejects
 * @param late makes the error for when the time was too short
 * @throws what `work` throws; the caller's signal's reason when that ended it
 */
export async function within<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal?.reason);
  const timer = setTimeout(() => controller.abort(late()), timeoutMs);
  signal?.addEventListener('abort', giveUp);
  try {
    return await work(controller.signal);
  } catch (error) {
    // What breaks because it was given up is not worth a word of its own.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

/** A promise that is rejected with the signal's reason if that comes first. */
export function untilAborted<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    const listening = (): void => signal.removeEventListener('abort', onAbort);
    start(
      (value) => {
        listening();
        resolve(value);
      },
      (error) => {
        listening();
        reject(error);
      },
    );
  });
}

/** @throws TransportError `unreachable`; the signal's reason */
export async function connectTcp(address: NetworkAddress, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ ...address, noDelay: true });
  // It may still complain after it was given up.
  socket.on('error', () => undefined);
  try {
    await untilAborted<void>(signal, (resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(address, error)));
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function unreachable(address: NetworkAddress, { code, message }: NodeJS.ErrnoException): TransportError {
  return new TransportError('unreachable', `${addressText(address)} cannot be reached (${code ?? message})`, { code });
}
