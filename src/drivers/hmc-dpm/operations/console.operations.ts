import { ComputeError } from '../../../common/errors/index.js';
import {
  type CallContext,
  type ChangeParams,
  type ChangeResult,
  type ConsoleOperations,
  type OperationWork,
} from '../../../compute/contract/index.js';
import { asciiConsoleUri, listOsMessages, sendOsCommand, type OsMessage } from '../client/hmc-console.js';
import { unlessTooOld } from '../client/hmc-client.js';
import { HmcError } from '../client/hmc-error.js';
import { DRIVER_NAME, nativeOf } from '../hmc-dpm.errors.js';
import { whyNoGuest } from '../mapping/guest.js';
import { consoleLogOf } from '../mapping/os-messages.js';
import type { PartitionStatus } from '../mapping/partition-status.js';
import { noteAnswered, sendOnce, untold } from '../../kit/index.js';
import { findPartition } from './find-partition.js';
import { explaining, partitionUri, type HmcPlace } from './hmc-place.js';
import { NameCache } from './name-cache.js';
import { PartitionChange } from './partition-change.js';
import { planOf } from './plan.js';
import { lookAfterStep } from './reconcile.js';

const MESSAGES_TASKS = ['Operating System Messages'];
const CONSOLE_TASKS = ['Integrated ASCII Console'];

/** Messages do not say whose they are, so a name is believed for less long than where the answer has it too. */
const BELIEVE_NAME_MS = 60_000;

/** How long callers are told that the address of a console is good. The HMC does not say; it is meant to be used at once. */
const ADDRESS_MS = 60_000;

/** Who is to carry out what is asked of a partition. */
const OF_PARTITIONS = 'this HMC, or the support element of the CPC,';

/** Who opens a console wants to see a partition boot, too. */
const CONSOLE_ALSO_IN: readonly PartitionStatus[] = ['starting'];

/** What a partition's operating system shows (hmc-dpm.md section 15). Semantics are the contract's. */
export function consoleOperations(place: HmcPlace): Pick<ConsoleOperations, 'getConsole' | 'getConsoleLog'> {
  const names = new NameCache(BELIEVE_NAME_MS);
  return {
    getConsoleLog: (ctx, reference, { tail_lines: tailLines }) =>
      explaining(
        place,
        { what: `reading the console of partition ${reference}`, subject: 'cpc', tasks: MESSAGES_TASKS },
        async () => consoleLogOf(await readMessages(ctx, place, names, reference), tailLines),
      ),
    getConsole: async (ctx, { id, name, key }, { type }) => {
      const what = `opening the console of partition ${name}`;
      const target = { driver: DRIVER_NAME, target: key };
      if (type !== 'serial') {
        throw new ComputeError(
          'FEATURE_UNSUPPORTED',
          `partitions have serial consoles only, none of type ${type}`,
          target,
        );
      }
      return await explaining(place, { what, subject: 'partition', tasks: CONSOLE_TASKS }, async () => {
        const client = place.client(ctx);
        const uri = partitionUri(id);
        const partition = await client.partition(uri, ctx.signal);
        const why = whyNoGuest(partition.status, CONSOLE_ALSO_IN);
        if (why !== undefined) {
          const details = { status: partition.status };
          throw new ComputeError('STATE_CONFLICT', `${what}: ${why}`, { ...target, details });
        }
        const path = await unlessTooOld(
          'Get ASCII Console WebSocket URI',
          () => unlessTaken(what, () => asciiConsoleUri(client, uri, ctx.signal)),
          OF_PARTITIONS,
        );
        return {
          type,
          url: `wss://${client.session.label}${path}`,
          host: null,
          port: null,
          tlsPort: null,
          password: null,
          expiresAt: ctx.clock.now() + ADDRESS_MS,
        };
      });
    },
  };
}

/** One request when the name was looked up lately, else two. */
async function readMessages(
  ctx: CallContext,
  place: HmcPlace,
  names: NameCache,
  reference: string,
): Promise<OsMessage[]> {
  const client = place.client(ctx);
  const known = names.get(reference, ctx.clock);
  if (known !== undefined) {
    try {
      return await listOsMessages(client, known['object-uri'], ctx.signal);
    } catch (error) {
      if (!(error instanceof HmcError && error.isNotThere)) throw error;
      names.forget(reference);
    }
  }
  const item = await findPartition(ctx, place, reference);
  names.set(reference, item, ctx.clock);
  // It was there a moment ago: what is not found is the operation.
  return await unlessTooOld(
    'List OS Messages',
    () => listOsMessages(client, item['object-uri'], ctx.signal),
    OF_PARTITIONS,
  );
}

/** Reasons of a 409 that are not about the console: the partition, or its CPC, is busy or not in the right state. */
const OTHER_CONFLICTS = [1, 2, 4, 5, 6, 15];

/** The console is not taken from who has it, which could be done only where that is another HMC (hmc-dpm.md section 15). */
async function unlessTaken<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HmcError && error.is(409)) || error.is(409, ...OTHER_CONFLICTS)) throw error;
    throw new ComputeError(
      'STATE_CONFLICT',
      `${what}: the HMC answered ${error.nativeCode} "${error.message}": somebody has it already, at this HMC or another one. Let them leave it, or close it there (Integrated ASCII Console), then repeat it`,
      { driver: DRIVER_NAME, native: nativeOf(error), retry: 'safe', cause: error },
    );
  }
}

const STEP = 'send-os-cmd';
const NOUN = 'command to the operating system';

/**
 * A line for the operating system. That its answer was lost is OUTCOME_UNKNOWN, whatever the messages show: not every guest
 * echoes what it is sent, and a line that is there may be somebody else's.
 */
export function consoleCommandWork(place: HmcPlace): OperationWork<ChangeParams<'sendConsoleCommand'>, ChangeResult> {
  const obstacle = ({ status }: { readonly status: string }): string | undefined => whyNoGuest(status);
  return {
    async run(ctx, target, { command }) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run(
        'sending a command to the operating system of partition',
        async () => {
          const before = await change.look();
          const sent = change.ended(true, before);
          const why = obstacle(before);
          if (why !== undefined) {
            const message = `no command can be sent to partition ${target.name}: ${why}`;
            throw change.error('STATE_CONFLICT', message, before.status);
          }
          await sendOnce(change, {
            step: STEP,
            noun: NOUN,
            doing: `sending a command to the operating system of partition ${target.name}`,
            send: (timeoutMs) => sendOsCommand(change.client, change.uri, command, timeoutMs),
          });
          await noteAnswered(ctx, STEP, NOUN);
          change.underWay = undefined;
          return sent;
        },
        MESSAGES_TASKS,
      );
    },
    plan: (ctx, target) =>
      planOf(ctx, place, target, obstacle, () => [
        { action: STEP, description: `send the command to the operating system of partition ${target.name}` },
      ]),
    reconcile: (ctx, target) =>
      lookAfterStep(new PartitionChange(ctx, place, target), async (change, last) => {
        if (!last.isAnswered) return { verdict: 'unknown', reason: untold(change, NOUN) };
        return { verdict: 'concluded', result: change.ended(true, await change.look()) };
      }),
  };
}
