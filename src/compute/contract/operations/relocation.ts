import type { CallContext, OperationContext } from '../context.js';
import type { PlannedStep, Reconciliation } from '../reconciliation.js';
import type { Target } from '../target.js';
import type { ChangeResult } from './change.js';

/**
 * Takes an instance from its host to another one of the same driver. It acts on two targets: the instance where it is,
 * and the same instance where it comes to be.
 */
export interface Relocation {
  /**
   * Finds the instance at its host, or at the destination when it is there already. The target is the instance at its
   * host in either case, and `also` the one at the destination.
   *
   * @throws ComputeError INSTANCE_NOT_FOUND, BACKEND_*
   */
  resolve(ctx: CallContext, reference: string, destination: string): Promise<Target>;
  plan(ctx: CallContext, target: Target, destination: string): Promise<PlannedStep[]>;
  /**
   * Moves the instance, and tells percent and remaining data meanwhile. Called again while the move is under way it
   * follows it to its end; an instance that is at the destination is `already`.
   *
   * @throws ComputeError STATE_CONFLICT, ALREADY_EXISTS when the destination has another instance of this name, BACKEND_*
   */
  run(ctx: OperationContext, target: Target, destination: string): Promise<ChangeResult>;
  /** As `VirtHost.reconcile`. A move that is still under way is `continue`; without `abort` it is BACKEND_BUSY. */
  reconcile(ctx: OperationContext, target: Target, destination: string): Promise<Reconciliation>;
  /**
   * Ends the move, for a cancel, an abort, or a deadline, and tells what came of it; undefined while that is not known,
   * and then it is asked again. Absent where the backend cannot.
   */
  readonly abort?: (ctx: OperationContext, target: Target, destination: string) => Promise<Reconciliation | undefined>;
}

/** `too-early`: it has nothing yet that could take it, and is asked again. */
export type ControlAnswer = 'taken' | 'too-early';

/** Acts on an operation that runs, beside it and with its context. It may be asked twice, after a crash. */
export type ControlOperation = (ctx: OperationContext, target: Target) => Promise<ControlAnswer>;

export interface MigrationOperations {
  /** Governed by `operation.live-migrate`. The instance runs or is paused, before and afterwards. */
  liveMigrate: Relocation;
  /** Governed by `operation.force-live-migration-to-complete`. The running migration comes to its end, whatever the guest does. */
  liveMigrationForceComplete: ControlOperation;
}
