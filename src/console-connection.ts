import { ComputeError, messageOf } from './common/errors/index.js';
import { HttpFailure, type TlsTrust } from './connectors/http/index.js';
import { openWebSocket, WebSocketRefused } from './connectors/websocket/index.js';
import type { ConsoleOptions, OpenConsole } from './cli/index.js';

/** A websocket that ends so, ended well. */
const ENDED_WELL = new Set([1000, 1001, 1005]);

/** Connects the command line to a console that is a websocket. The address is good for who has it, so no message repeats it. */
export async function openConsole({ url, onText, timeoutMs, ...trust }: ConsoleOptions): Promise<OpenConsole> {
  try {
    const socket = await openWebSocket({
      url,
      onText,
      trust: trustOf(trust),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return {
      send: (text) => socket.send(text),
      close: () => socket.close(),
      ended: socket.ended.then(({ code, reason }) => ({
        isBroken: !ENDED_WELL.has(code),
        reason: reason === '' ? `code ${code}` : reason,
      })),
    };
  } catch (error) {
    throw explain(error, new URL(url).host);
  }
}

function trustOf({ caFile, fingerprintSha256, isUnverified }: Partial<ConsoleOptions>): TlsTrust {
  if (caFile !== undefined) return { kind: 'ca-file', path: caFile };
  if (fingerprintSha256 !== undefined) return { kind: 'pinned', fingerprintSha256 };
  return { kind: isUnverified === true ? 'unverified' : 'system' };
}

function explain(error: unknown, host: string): ComputeError {
  const what = `the console at ${host} cannot be opened: ${messageOf(error)}`;
  if (error instanceof WebSocketRefused) {
    return new ComputeError(
      'BACKEND_REJECTED',
      `${what}; its address is good for one connection, soon after it was asked for`,
      { retry: 'safe', cause: error },
    );
  }
  if (error instanceof HttpFailure && error.kind === 'untrusted') {
    return new ComputeError(
      'TLS_UNTRUSTED',
      `${what}. Nothing was sent. Trust its CA with --ca-file, or its certificate alone with --fingerprint`,
      { cause: error },
    );
  }
  return new ComputeError(
    'BACKEND_UNREACHABLE',
    `${what}; check that this machine reaches it (of KVM guests, console.public_url in the configuration of the service says where it is)`,
    { cause: error },
  );
}
