import { z } from 'zod';
import { ComputeError } from '../../common/errors/index.js';
import type { MachinePlace } from '../../journal/machine-store.port.js';

/** Where a page ends: among machines by controller, or among the instances of a host. */
const PlaceSchema = z.union([
  z.tuple([z.literal('machine'), z.string(), z.string(), z.string()]),
  z.tuple([z.literal('instance'), z.string(), z.string(), z.string()]),
]);

/** An instance's place in the order of its host's names. */
export interface InstancePlace {
  readonly host: string;
  readonly name: string;
  readonly id: string;
}

export function machineCursor({ powerType, controller, name }: MachinePlace): string {
  return write(['machine', powerType, controller, name]);
}

export function instanceCursor({ host, name, id }: InstancePlace): string {
  return write(['instance', host, name, id]);
}

/** @throws ComputeError REQUEST_INVALID for what is no place among machines */
export function readMachineCursor(after: string): MachinePlace {
  const [kind, powerType, controller, name] = read(after);
  if (kind !== 'machine') throw wrongCursor();
  return { powerType, controller, name };
}

/** @throws ComputeError REQUEST_INVALID for what is no place among the instances of this host */
export function readInstanceCursor(after: string, ofHost: string): InstancePlace {
  const [kind, host, name, id] = read(after);
  if (kind !== 'instance' || host !== ofHost) throw wrongCursor();
  return { host, name, id };
}

function write(place: z.input<typeof PlaceSchema>): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function read(after: string): z.output<typeof PlaceSchema> {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(after, 'base64url').toString());
  } catch {
    throw wrongCursor();
  }
  const checked = PlaceSchema.safeParse(place);
  if (!checked.success) throw wrongCursor();
  return checked.data;
}

function wrongCursor(): ComputeError {
  const message = 'power.query_many: after is not the next of a page of the same question; leave it out to begin anew';
  return new ComputeError('REQUEST_INVALID', message, { details: { method: 'power.query_many', field: 'after' } });
}
