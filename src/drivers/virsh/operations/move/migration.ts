import {
  domainAbortJob,
  DomainMigrateFlags as Flag,
  domainMigratePerform3Params,
  domainMigrateSetMaxDowntime,
  ParameterName,
  type TypedParameter,
} from 'node-libvirt';
import { z } from 'zod';
import { STEP_CHECKPOINT, type Checkpoint, type OperationContext } from '../../../../compute/contract/index.js';
import { makeSo, noteAnswered, notedAs, nounAnswered } from '../../../kit/index.js';
import { failureOf } from '../../client/libvirt-failure.js';
import type { MigrationJob } from '../../mapping/migration-job.js';
import type { VirshSettings } from '../../virsh.settings.js';
import { migrationOf } from './migration-of.js';
import type { MoveChange } from './move-change.js';

/** Step of the journal: the request of a migration. */
const MIGRATE_STEP = 'migrate';
const MigrateStepSchema = z.object({ step: z.literal(MIGRATE_STEP) });
const END_STEP = 'end-migration';
/** As a noun, for what fails afterwards. */
const MIGRATION = 'migration';
/** Checkpoint that says that it was seen under way, so that its request is no longer: `{to}`. */
const MOVING_CHECKPOINT = 'moving';
/** Checkpoint before the request: may what is left of the memory be fetched when the guest is there already? */
const POST_COPY_CHECKPOINT = 'post-copy';
const PostCopySchema = z.object({ permitted: z.boolean() });

/** A migration as the host is asked for it. */
export interface MigrationRequest {
  /** libvirt's URI of the other daemon, as the host reaches it. */
  readonly destination: string;
  readonly flags: number;
  readonly parameters: readonly TypedParameter[];
}

/** What of it depends on the instance. */
export interface MigrationNeeds {
  /** Targets of the disks that are copied. */
  readonly copiedDisks: readonly string[];
  /** It was seen that both hosts have the other files, which libvirt does not believe of every file system. */
  readonly areFilesShared: boolean;
  /** Definition as it will run there, and as it will be kept, where they differ from those here. */
  readonly definitions?: { readonly now: string; readonly next: string } | undefined;
}

/** Peer to peer: the daemon of the host talks to the other one. The domain is at one host at the end, and not at both. */
export function migrationRequest(
  destination: string,
  {
    address,
    tunnelled,
    tls,
    bandwidth_mib: bandwidth,
    post_copy: postCopy,
    auto_converge: autoConverge,
  }: VirshSettings['migration'],
  { copiedDisks, areFilesShared, definitions }: MigrationNeeds,
): MigrationRequest {
  const text = (field: string, value: string): TypedParameter => ({ field, type: 'string', value });
  const perSecond = (field: string): TypedParameter[] =>
    bandwidth === undefined ? [] : [{ field, type: 'ullong', value: BigInt(bandwidth) }];
  const P = ParameterName;
  return {
    destination,
    flags:
      Flag.VIR_MIGRATE_PEER2PEER |
      Flag.VIR_MIGRATE_LIVE |
      Flag.VIR_MIGRATE_PERSIST_DEST |
      Flag.VIR_MIGRATE_UNDEFINE_SOURCE |
      Flag.VIR_MIGRATE_ABORT_ON_ERROR |
      (tunnelled ? Flag.VIR_MIGRATE_TUNNELLED : 0) |
      (tls ? Flag.VIR_MIGRATE_TLS : 0) |
      (postCopy ? Flag.VIR_MIGRATE_POSTCOPY : 0) |
      // A guest that can be made to go on at the other host at any time need not be slowed down.
      (autoConverge && !postCopy ? Flag.VIR_MIGRATE_AUTO_CONVERGE : 0) |
      (copiedDisks.length > 0 ? Flag.VIR_MIGRATE_NON_SHARED_DISK : 0) |
      (areFilesShared ? Flag.VIR_MIGRATE_UNSAFE : 0),
    parameters: [
      ...(address === undefined || tunnelled ? [] : [text(P.VIR_MIGRATE_PARAM_URI, `tcp://${bracketed(address)}`)]),
      ...perSecond(P.VIR_MIGRATE_PARAM_BANDWIDTH),
      ...(postCopy ? perSecond(P.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY) : []),
      ...(definitions === undefined
        ? []
        : [
            text(P.VIR_MIGRATE_PARAM_DEST_XML, definitions.now),
            text(P.VIR_MIGRATE_PARAM_PERSIST_XML, definitions.next),
          ]),
      ...copiedDisks.map((target) => text(P.VIR_MIGRATE_PARAM_MIGRATE_DISKS, target)),
    ],
  };
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** A request whose answer comes at the end of the migration. */
interface Sent {
  readonly ended: Promise<void>;
  /** Is it answered, or its answer lost? */
  isOver: boolean;
  error: unknown;
}

/**
 * Sends the request of a migration, once, and follows that to its end, or to the end of the operation's time.
 *
 * @returns what it failed with; undefined when it was answered well, or goes on
 * @throws ComputeError what beginStep throws; the signal's reason
 */
export async function migrate(change: MoveChange, request: MigrationRequest): Promise<unknown> {
  const { ctx, backend, ref } = change;
  const { requestTimeoutMs } = backend.pacing;
  await ctx.checkpoint(POST_COPY_CHECKPOINT, { permitted: (request.flags & Flag.VIR_MIGRATE_POSTCOPY) !== 0 });
  await ctx.beginStep({ name: MIGRATE_STEP, description: change.doing, requestTimeoutMs });
  change.underWay = MIGRATION;
  const args = { domain: ref, cookie: Buffer.alloc(0), ...request };
  const sent = watched(
    change.caller.call(domainMigratePerform3Params, args, { timeoutMs: change.remainingMs + requestTimeoutMs }),
  );
  await follow(change, sent);
  if (sent.isOver && sent.error === undefined) await noteAnswered(ctx, MIGRATE_STEP, MIGRATION);
  return sent.error;
}

/** What becomes of it is kept, also when nobody waits for it any more. */
function watched(call: Promise<unknown>): Sent {
  const sent = { isOver: false, error: undefined as unknown };
  const end = (error?: unknown): void => {
    sent.isOver = true;
    sent.error = error;
  };
  return Object.assign(sent, { ended: call.then(() => end(), end) });
}

/**
 * Tells how far a migration is until it is over: its request has ended or, of one that an earlier attempt sent, the host shows
 * none any more; or until the operation's time is over.
 *
 * @throws the signal's reason
 */
export async function follow(change: MoveChange, sent?: Sent): Promise<void> {
  const { ctx, backend, doing } = change;
  while (change.remainingMs > 0) {
    if (sent?.isOver === true) return;
    ctx.signal.throwIfAborted();
    const job = await jobOf(change, sent);
    if (job !== undefined) {
      if (!wasSeen(ctx)) await ctx.checkpoint(MOVING_CHECKPOINT, { to: change.ends.destination });
      ctx.progress(`${doing}, ${job.remainingMib} MiB left`, job.percent);
    } else if (sent === undefined) return;
    await pause(change, backend.pacing.poll.maxMs, sent?.ended);
  }
}

/** While its request is under way, that is what tells of failures. */
async function jobOf(change: MoveChange, sent: Sent | undefined): Promise<MigrationJob | undefined> {
  if (sent === undefined) return await migrationOf(change);
  try {
    return await migrationOf({ caller: change.plainCaller, ref: change.ref, ctx: change.ctx });
  } catch (error) {
    if (failureOf(error) === undefined) throw error;
    return undefined;
  }
}

/** @throws the signal's reason */
async function pause({ ctx }: MoveChange, ms: number, ended: Promise<void> | undefined): Promise<void> {
  const woken = new AbortController();
  const sleep = ctx.clock.sleep(ms, AbortSignal.any([ctx.signal, woken.signal]));
  try {
    await Promise.race(ended === undefined ? [sleep] : [sleep, ended]);
  } finally {
    woken.abort();
    await sleep.catch(() => undefined);
  }
}

/** Was a migration sent by this operation? */
export function wasSent({ checkpoints }: Pick<OperationContext, 'checkpoints'>): boolean {
  return checkpoints.some(isSending);
}

/** Was the latest one answered, or seen under way? Its request then comes to the host no more. */
export function wasSeen({ checkpoints }: Pick<OperationContext, 'checkpoints'>): boolean {
  const sentAt = checkpoints.findLastIndex(isSending);
  return checkpoints
    .slice(sentAt + 1)
    .some((checkpoint) => checkpoint.name === MOVING_CHECKPOINT || nounAnswered(checkpoint) === MIGRATION);
}

function isSending({ name, data }: Checkpoint): boolean {
  return name === STEP_CHECKPOINT && MigrateStepSchema.safeParse(data).success;
}

/** May the migration of this operation go over to post-copy? */
export function mayPostCopy({ checkpoints }: Pick<OperationContext, 'checkpoints'>): boolean {
  return notedAs(checkpoints, POST_COPY_CHECKPOINT, PostCopySchema)?.permitted === true;
}

/** How long the guest may stand still at the end: QEMU keeps that until its process ends. */
export async function limitDowntime(change: MoveChange, milliseconds: number | undefined): Promise<void> {
  if (milliseconds === undefined) return;
  const noun = 'longest standstill';
  await makeSo(change, {
    step: 'limit-downtime',
    noun,
    doing: `limiting how long ${change.label} may stand still`,
    isSo: () => Promise.resolve(change.carriedOut.has(noun)),
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const args = { domain: change.ref, milliseconds: BigInt(milliseconds) };
      await change.caller.call(domainMigrateSetMaxDowntime, args, { timeoutMs });
      return true;
    },
  });
}

/** Asks the host to end it. What comes of that shows: it may have ended by itself, or be where it cannot be ended. */
export async function endMigration(change: MoveChange): Promise<void> {
  const { ctx, backend, ref } = change;
  const { requestTimeoutMs } = backend.pacing;
  await ctx.beginStep({ name: END_STEP, description: `ending the move of ${change.label}`, requestTimeoutMs });
  try {
    await change.caller.call(domainAbortJob, { domain: ref }, { timeoutMs: requestTimeoutMs });
  } catch (error) {
    if (failureOf(error) === undefined) throw error;
    ctx.log.debug('libvirt did not end a migration', { err: error });
  }
  await noteAnswered(ctx, END_STEP, 'end of the migration');
}
