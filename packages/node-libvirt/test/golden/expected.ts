import { expect } from '@jest/globals';
import type {
  Call,
  DomainRef,
  EventLayout,
  HostInterfaceRef,
  NetworkFilterRef,
  NetworkRef,
  SecretRef,
  SnapshotRef,
  StoragePoolRef,
  StorageVolumeRef,
} from '../../src/index.js';

/** That the scenario gives to its domain, and to all else that is its own. */
export const GUEST_UUID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

/** The scenario's domain, with the id that it had at that moment. */
export const guest = (id: number): DomainRef => ({ name: 'guest', uuid: GUEST_UUID, id });
export const pool: StoragePoolRef = { name: 'images', uuid: GUEST_UUID };
export const one: StorageVolumeRef = { pool: 'images', name: 'one', key: some('pool/one') };
export const filter: NetworkFilterRef = { name: 'closed', uuid: GUEST_UUID };
export const secret: SecretRef = { uuid: GUEST_UUID, usageType: 3, usageId: 'target' };
export const snapshot: SnapshotRef = { name: 'before', domain: guest(2) };
export const loopback: HostInterfaceRef = { name: 'lo', mac: '00:00:00:00:00:00' };
/** That of the test driver. */
export const network: NetworkRef = { name: 'default', uuid: 'dd8fe884-6c02-601e-7551-cca97df1c5df' };

/** A text that has this in it: the rest depends on the machine, or is long. */
export function some(part: string): string {
  return expect.stringContaining(part) as unknown as string;
}

/** A call that was recorded, as it is to be read. */
export interface Made {
  readonly call: Call<never, unknown>;
  readonly args: unknown;
  readonly reply: unknown;
  /** The name of the code, for one that was refused. */
  readonly refused?: string;
}

export const made = <Args, Reply>(call: Call<Args, Reply>, args: Args, reply: Reply | Refused): Made =>
  reply instanceof Refused ? { call, args, reply: undefined, refused: reply.codeName } : { call, args, reply };

class Refused {
  constructor(readonly codeName: string) {}
}
export const refused = (codeName: string): Refused => new Refused(codeName);

/** An event that was recorded, as it is to be read. */
export interface Heard {
  readonly layout: EventLayout<{ readonly callbackId: number }>;
  readonly event: unknown;
}

export const heard = <Event extends { readonly callbackId: number }>(
  layout: EventLayout<Event>,
  event: Event,
): Heard => ({
  layout,
  event,
});
