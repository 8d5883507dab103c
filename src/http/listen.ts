import type { Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MAX_REQUEST_BYTES } from '../common/bounded-json.js';
import { ComputeError, errorCodeOf, messageOf } from '../common/errors/index.js';

/** Binds the HTTP surface. @throws ComputeError CONFIG_INVALID when that address cannot be had */
export async function listen(app: NestExpressApplication, host: string, port: number): Promise<void> {
  app.useBodyParser('json', { limit: MAX_REQUEST_BYTES });
  try {
    await app.listen(port, host);
  } catch (error) {
    throw new ComputeError(
      'CONFIG_INVALID',
      `HTTP cannot listen on ${host}, port ${port}: ${whyNotListening(error)}; set http.port and http.host, or http.enabled: false`,
      { cause: error },
    );
  }
}

/**
 * Where it listens, as other machines write it: any address of this machine is its name.
 *
 * @param host as it was bound
 */
export function listeningUrl(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}`;
}

/** Why an address cannot be had, for people. */
export function whyNotListening(error: unknown): string {
  return errorCodeOf(error) === 'EADDRINUSE' ? 'another process listens there' : messageOf(error);
}
