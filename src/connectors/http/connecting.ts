import type { Socket } from 'node:net';
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
