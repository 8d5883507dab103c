import type { DomainStatus } from '../../client/domains.port.js';
import type { MigrationNeeds } from './migration.js';
import type { MoveChange } from './move-change.js';

export async function prepare(change: MoveChange, _here: DomainStatus): Promise<MigrationNeeds> {
  await change.look();
  return { copiedDisks: [], areDisksShared: false };
}

export async function undoPreparation(_change: MoveChange): Promise<void> {
  await Promise.resolve();
}
