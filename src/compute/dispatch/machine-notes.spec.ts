import { describe, expect, it } from '@jest/globals';
import { silentLog } from '../../common/log.js';
import type { MachineObservation } from '../../journal/machine-store.port.js';
import { MachineNotes } from './machine-notes.js';

const look = (observedAt: number | null, more: Partial<MachineObservation> = {}): MachineObservation => ({
  name: 'web01',
  revision: 7,
  status: observedAt === null ? 'unverified' : 'verified',
  error: null,
  seen: observedAt === null ? null : { state: 'on', transition: null, nativeState: 'on', observedAt },
  ...more,
});

/** What a store is asked to write of this. */
async function written(noted: readonly MachineObservation[]): Promise<(readonly MachineObservation[])[]> {
  const batches: (readonly MachineObservation[])[] = [];
  const observe = (sightings: readonly MachineObservation[]) => Promise.resolve(void batches.push(sightings));
  const notes = new MachineNotes({ observe }, silentLog);
  for (const sighting of noted) void notes.note([sighting]);
  await notes.settled();
  return batches;
}

describe('what was seen of a machine', () => {
  it.each([
    ['the newest', [look(1), look(3), look(2)], look(3)],
    ['of the newest definition', [look(9), look(1, { revision: 8 }), look(10)], look(1, { revision: 8 })],
    ['a failure, beside what was seen before', [look(3), look(null)], { ...look(3), status: 'unverified' }],
    ['what was seen after a failure', [look(null), look(3)], look(3)],
  ])('is written down once: %s', async (_, noted, expected) => {
    expect(await written(noted)).toEqual([[expected]]);
  });

  it('that cannot be written down is given up, and told, and what comes after it is not', async () => {
    const warnings: unknown[] = [];
    const log = { ...silentLog, warn: (_text: string, facts?: unknown) => void warnings.push(facts) };
    let fails = true;
    const observe = () => (fails ? Promise.reject(new Error('the disk is full')) : Promise.resolve());
    const notes = new MachineNotes({ observe }, log);
    await notes.note([look(1)]);
    fails = false;
    await notes.note([look(2, { name: 'web02' })]);
    expect(warnings).toEqual([{ count: 1, machines: ['web01'], err: expect.any(Error) }]);
  });
});
