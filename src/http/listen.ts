import type { INestApplication } from '@nestjs/common';
import { ComputeError, errorCodeOf, messageOf } from '../common/errors/index.js';

/** Binds the HTTP surface. @throws ComputeError CONFIG_INVALID when that address cannot be had */
export async function listen(app: INestApplication, host: string, port: number): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    const reason = errorCodeOf(error) === 'EADDRINUSE' ? 'another process listens there' : messageOf(error);
    throw new ComputeError(
      'CONFIG_INVALID',
      `HTTP cannot listen on ${host}, port ${port}: ${reason}; set http.port and http.host, or http.enabled: false`,
      { cause: error },
    );
  }
}
