import type { Duplex } from 'node:stream';
import type { TargetKey } from '../../common/ids.js';

/** Where consoles lie below the address of the service; a token follows. */
export const CONSOLE_PATH = '/v1/console/';

/** A console for one caller. */
export interface ConsoleOffer {
  /** Of a websocket: bytes of the console in both directions. Whoever knows it may use the console. */
  readonly url: string;
  /** By then somebody must have connected; milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Opens the stream of a console: what the guest writes can be read from it, and what is written to it the guest is told. Ending
 * it gives the console back.
 *
 * @param signal aborts when nobody waits for it any more
 * @throws ComputeError whose message whoever connects is told
 */
export type OpenConsole = (signal: AbortSignal) => Promise<Duplex>;

/**
 * Consoles at an address of this service, for backends that have a stream where callers need an address. Each address is good for one
 * connection, within a minute, to this very process: nothing of it is written down.
 */
export interface ConsoleOffers {
  /**
   * @param instance whose console it is
   * @param open called once somebody connects
   * @throws ComputeError CAPACITY_EXHAUSTED when too many wait already
   */
  offer(instance: TargetKey, open: OpenConsole): ConsoleOffer;
}
