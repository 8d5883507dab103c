import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { once } from 'node:events';
import { ComputeError, toComputeError } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { JournalUpkeep } from '../journal/index.js';
import { MAX_SOCKET_PATH_BYTES, PruneQuerySchema } from './protocol.js';

export interface UpkeepSocketOptions {
  readonly path: string;
  /** For copies on their way; it is ours, and emptied. */
  readonly copies: string;
  readonly upkeep: JournalUpkeep;
  readonly log: Log;
}

export interface UpkeepSocket {
  /** Ends what is under way. */
  close(): Promise<void>;
}

/**
 * Answers `zenova db` while the service has the journal for itself. What it writes goes to the caller, who stores it with its
 * own rights: nobody can make the service write a file somewhere.
 */
export async function serveUpkeep(options: UpkeepSocketOptions): Promise<UpkeepSocket | undefined> {
  const { path, copies, log } = options;
  rmSync(copies, { recursive: true, force: true });
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    log.warn(`${path} is too long a name for a socket: \`zenova db\` has to wait until this service is stopped`);
    return undefined;
  }
  const server = createServer((request, response) => void answer(request, response, options));
  // Whoever had the journal is gone, so nobody listens there.
  rmSync(path, { force: true });
  listenForOwner(server, path);
  await once(server, 'listening');
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The socket is made while this returns, so that it never lets others in. */
function listenForOwner(server: Server, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, options: UpkeepSocketOptions): Promise<void> {
  const { upkeep, log } = options;
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://socket');
    const olderThanMs = (): number => PruneQuerySchema.parse(Object.fromEntries(searchParams)).older_than_ms;
    switch (`${request.method} ${pathname}`) {
      case 'GET /status':
        sendJson(response, 200, await upkeep.status());
        break;
      case 'GET /prunable':
        sendJson(response, 200, { count: await upkeep.countPrunable(olderThanMs()) });
        break;
      case 'POST /prune': {
        const removed = await upkeep.pruneSome(olderThanMs());
        if (removed.operations > 0) log.info(`${removed.operations} old outcomes were removed by zenova db prune`);
        sendJson(response, 200, removed);
        break;
      }
      case 'GET /copy':
        await sendCopy(response, options);
        break;
      default:
        throw new ComputeError('REQUEST_INVALID', 'this service does not know what is asked; is it an older version?');
    }
  } catch (error) {
    log.warn('zenova db was not answered', { err: error });
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, toComputeError(error).toWire());
  }
}

async function sendCopy(response: ServerResponse, { copies, upkeep, log }: UpkeepSocketOptions): Promise<void> {
  if (upkeep.copy === undefined) throw new ComputeError('REQUEST_INVALID', 'this database is copied by its own tools');
  mkdirSync(copies, { recursive: true, mode: 0o700 });
  const copy = join(copies, randomUUID());
  try {
    await upkeep.copy(copy);
    const file = await open(copy, 'r');
    // From here on it is gone when nobody reads it any more, even after a crash.
    await rm(copy);
    const { size } = await file.stat();
    response.writeHead(200, { 'content-type': 'application/vnd.sqlite3', 'content-length': size });
    await pipeline(file.createReadStream(), response);
    log.info('the journal was copied for zenova db backup', { bytes: size });
  } finally {
    await rm(copy, { force: true });
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
