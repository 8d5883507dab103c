import { describe, expect, test } from '@jest/globals';
import { DomainPausedReason, DomainRunningReason, DomainState } from 'node-libvirt';
import type { DomainStatus } from '../client/domains.port.js';
import { migrationJob } from './migration-job.js';
import { whereabouts, type TwoSights } from './whereabouts.js';

const status = (state: number, reason: number): DomainStatus => ({
  name: 'web01',
  uuid: '6f1a2b3c-0000-4000-8000-000000000001',
  state,
  reason,
  hasSavedMemory: false,
});
const running = status(DomainState.VIR_DOMAIN_RUNNING, DomainRunningReason.VIR_DOMAIN_RUNNING_MIGRATED);
const byUser = status(DomainState.VIR_DOMAIN_PAUSED, DomainPausedReason.VIR_DOMAIN_PAUSED_USER);
const held = status(DomainState.VIR_DOMAIN_PAUSED, DomainPausedReason.VIR_DOMAIN_PAUSED_MIGRATION);
const postCopy = status(DomainState.VIR_DOMAIN_RUNNING, DomainRunningReason.VIR_DOMAIN_RUNNING_POSTCOPY);
const off = status(DomainState.VIR_DOMAIN_SHUTOFF, 0);
const fetched = status(DomainState.VIR_DOMAIN_PAUSED, DomainPausedReason.VIR_DOMAIN_PAUSED_POSTCOPY);
const broken = status(DomainState.VIR_DOMAIN_PAUSED, DomainPausedReason.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED);
const goesOnBroken = status(DomainState.VIR_DOMAIN_RUNNING, DomainRunningReason.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED);
const job = { percent: 40, remainingMib: 100, isAtMemory: true };

const sights = (here: DomainStatus | undefined, there: TwoSights['there'], under?: typeof job): TwoSights => ({
  here,
  there,
  job: under,
});

describe('where a domain is', () => {
  test.each<[string, TwoSights, string]>([
    ['it runs here alone', sights(running, undefined), 'here'],
    ['it runs here, and the other host tells nothing', sights(running, 'untold'), 'here'],
    ['it is held here, and the other host tells nothing', sights(held, 'untold'), 'moving'],
    ['it is held here alone', sights(held, undefined), 'here'],
    ['it migrates', sights(running, held, job), 'moving'],
    ['it comes in there', sights(running, held), 'moving'],
    ['it runs there, and needs what is here', sights(held, postCopy), 'moving'],
    ['its memory is fetched', sights(fetched, postCopy, job), 'moving'],
    ['its memory is fetched, and the other host tells nothing', sights(fetched, 'untold'), 'moving'],
    ['its memory was fetched', sights(fetched, running), 'left-behind'],
    ['its memory was to be fetched by one that has ended', sights(fetched, undefined), 'torn'],
    ['fetching has broken off', sights(broken, undefined), 'torn'],
    ['fetching has broken off, and may go on', sights(broken, goesOnBroken, job), 'torn'],
    ['only the other host has noticed', sights(fetched, goesOnBroken, job), 'torn'],
    ['it runs there, and is held here', sights(held, running), 'left-behind'],
    ['it runs there, and is defined here', sights(off, running), 'left-behind'],
    ['both are off', sights(off, off), 'left-behind'],
    ['it runs twice', sights(running, running), 'twice'],
    ['it is paused here by somebody, and runs there', sights(byUser, running), 'twice'],
    ['it runs here, and another is defined there', sights(running, off), 'twice'],
    ['it runs there alone', sights(undefined, running), 'there'],
    ['it comes in there, and is gone here', sights(undefined, held), 'moving'],
    ['nobody has it', sights(undefined, undefined), 'gone'],
  ])('%s', (_what, seen, kind) => {
    expect(whereabouts(seen, true).kind).toBe(kind);
  });

  test.each([sights(off, off), sights(held, running), sights(off, running)])(
    'what somebody else has brought there is another one (%#)',
    (seen) => {
      expect(whereabouts(seen, false).kind).toBe('twice');
    },
  );
});

describe('a migration', () => {
  const bytes = (field: string, mib: number) => ({ field, type: 'ullong', value: BigInt(mib) * 1_048_576n }) as const;

  test('is told of by what is left of memory and disks', () => {
    const parameters = [
      { field: 'operation', type: 'int', value: 5 } as const,
      bytes('memory_total', 200),
      bytes('memory_remaining', 50),
      bytes('disk_total', 200),
      bytes('disk_remaining', 50),
    ];
    expect(migrationJob(2, parameters)).toEqual({ percent: 75, remainingMib: 100, isAtMemory: true });
    expect(migrationJob(0, parameters)).toBeUndefined();
  });

  test('is no other job', () => {
    expect(migrationJob(2, [{ field: 'operation', type: 'int', value: 8 }])).toBeUndefined();
  });
});
