import type { AdviceOperations, CallContext, Requirement } from '../../../compute/contract/index.js';
import { firmwareFeatures } from '../client/hmc-features.js';
import { adapters } from '../client/hmc-network.js';
import { HmcError } from '../client/hmc-error.js';
import type { Cpc } from '../client/hmc-schemas.js';
import { ownUser, permittedTasks } from '../client/hmc-users.js';
import { hostStatus } from '../mapping/cpc-status.js';
import { bundleLevel, machineLevel } from '../mapping/machine-level.js';
import { partitionRequirements } from '../mapping/partition-requirements.js';
import { judged, met, notMet, cannotTell } from '../../kit/index.js';
import { cpcMode, lookAtCpcs, unknownCpc } from './cpc.js';
import { explaining, type CpcPlace } from './hmc-place.js';
import { readParts } from './partition-parts.js';

const SEE_CPC = 'correct `cpc` in the configuration, or grant the HMC user object access permission to the CPC';
const SEE_PARTITION =
  'check its name (case matters), or grant the HMC user object access permission to the partition: the HMC hides what the user may not see';
const SEE_ADAPTERS = 'grant the HMC user object access permission to the adapters, of networks and of storage';
const SEE_ITSELF =
  'look at the user and its roles on the HMC (Manage Users), or let the user see itself through the API';
const NEEDED_BUNDLES =
  'the guide asks for HMC H39, or HMC H40 with SE S55: compare with what the HMC shows (View Console Information, and System Information of the CPC), and update what is older';
const SE_BUNDLE =
  'the guide asks for SE S55 where the HMC is at H40: compare with what the HMC shows (System Information of the CPC), and update it when it is older';

/** The requirements of the MAAS guide for IBM Z and LinuxONE, host by host and partition by partition. Nothing is changed. */
export function preflightOperation(place: CpcPlace, userid: string): Pick<AdviceOperations, 'preflight'> {
  return {
    preflight: (ctx, { instance }) =>
      explaining(
        place,
        { what: `looking at what CPC ${place.cpc} and its partitions need`, subject: 'cpc' },
        async () => {
          const version = await place.client(ctx).version(ctx.signal);
          const cpcs = await lookAtCpcs(ctx, place);
          const { 'hmc-version': hmc, 'api-major-version': major, 'api-minor-version': minor } = version;
          return [
            met('api_enabled', place.hmc, `HMC ${hmc}, Web Services API ${major}.${minor}`),
            judged('hmc_level', place.hmc, bundleLevel('HMC', hmc), NEEDED_BUNDLES),
            met('management_interfaces', userid, 'the user is logged on through the API'),
            ...(await userRequirements(ctx, place, userid)),
            ...(await cpcRequirements(ctx, place, cpcs, instance)),
            CONTROLLER,
          ];
        },
      ),
  };
}

const CONTROLLER: Requirement = {
  requirement: 'controller',
  subject: 'the LPAR of a MAAS controller',
  status: 'information',
  evidence: 'two SMT threads (one IFL), 16 GB of memory and 100 GB of disk at least; twice as much is recommended',
  remedy: null,
};

/** Without these a partition cannot be switched and set up. */
const NEEDED_TASKS = ['Start Partition', 'Stop Partition', 'Partition Details'] as const;
/** What is needed for more than that. */
const FURTHER_TASKS = [
  'New Partition',
  'Delete Partition',
  'Configure Storage',
  'PSW Restart',
  'Operating System Messages',
  'Integrated ASCII Console',
] as const;
/** Each worker holds one, and other programs of the same user some. */
const ENOUGH_SESSIONS = 10;

async function userRequirements(ctx: CallContext, place: CpcPlace, userid: string): Promise<Requirement[]> {
  const client = place.client(ctx);
  const user = await unlessRefused(() => ownUser(client, userid, ctx.signal));
  const roles = user?.['user-roles'] ?? undefined;
  const tasks = roles === undefined ? undefined : await unlessRefused(() => permittedTasks(client, roles, ctx.signal));
  const most = user?.['max-web-services-api-sessions'];
  return [
    most === undefined || most === null
      ? cannotTell('sessions', userid, 'the HMC does not show the user its own limit of sessions', SEE_ITSELF)
      : judged(
          'sessions',
          userid,
          {
            status: most >= ENOUGH_SESSIONS ? 'met' : 'not_met',
            evidence: `${most} sessions at a time; one for each worker is used, how many others are open is not told`,
          },
          `allow the user ${ENOUGH_SESSIONS} sessions of the Web Services API or more`,
        ),
    ...taskRequirements(userid, tasks),
  ];
}

function taskRequirements(userid: string, tasks: readonly string[] | undefined): Requirement[] {
  if (tasks === undefined) {
    const evidence = 'the HMC does not show the user its own roles';
    return NEEDED_TASKS.map((task) =>
      cannotTell('task_permission', task, evidence, `permit the task to ${userid}; ${SEE_ITSELF}`),
    );
  }
  const permitted = tasks.map(plain);
  const isPermitted = (task: string): boolean => permitted.some((name) => name.startsWith(plain(task)));
  return [
    ...NEEDED_TASKS.map((task) =>
      isPermitted(task)
        ? met('task_permission', task, `a role of ${userid} permits it`)
        : notMet('task_permission', task, `no role of ${userid} permits it`, `permit the task to ${userid}`),
    ),
    {
      requirement: 'further_tasks',
      subject: userid,
      status: 'information',
      evidence: `permitted: ${listOr(FURTHER_TASKS.filter(isPermitted))}; not permitted, and needed for what they are named after: ${listOr(FURTHER_TASKS.filter((task) => !isPermitted(task)))}`,
      remedy: null,
    },
  ];
}

/** HMCs spell tasks as titles or as words with dashes. */
function plain(task: string): string {
  return task.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

function listOr(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ');
}

async function cpcRequirements(
  ctx: CallContext,
  place: CpcPlace,
  cpcs: readonly Cpc[],
  instance: string | undefined,
): Promise<Requirement[]> {
  const cpc = cpcs.find(({ name }) => name === place.cpc);
  if (cpc === undefined) return [notMet('cpc_access', place.cpc, unknownCpc(place, cpcs).message, SEE_CPC)];
  const { name, status } = cpc;
  const isUsable = ['up', 'degraded'].includes(hostStatus(status));
  const client = place.client(ctx);
  const machine = await unlessRefused(() => client.cpcProperties(cpc['object-uri'], ctx.signal));
  const general = [
    met('cpc_access', name, 'the HMC user sees the CPC'),
    judged(
      'machine',
      name,
      machineLevel({
        type: machine?.['machine-type'],
        model: machine?.['machine-model'],
        seVersion: cpc['se-version'],
      }),
      'a z14 GA2, a LinuxONE III, or a newer machine is needed; where it is not told, look at the machine type on the HMC',
    ),
    judged('se_level', name, bundleLevel('SE', cpc['se-version']), SE_BUNDLE),
    isUsable
      ? met('cpc_status', name, `the CPC is ${status}`)
      : notMet('cpc_status', name, `the CPC is ${status}`, 'bring the CPC to active on the HMC'),
  ];
  if (cpcMode(cpc) === 'classic') {
    return [
      ...general,
      notMet(
        'dpm_mode',
        name,
        'the CPC is in classic mode',
        'switch the CPC to DPM mode, or use another one: MAAS does not support classic mode',
      ),
    ];
  }
  const firmware = await unlessRefused(() => firmwareFeatures(client, cpc['object-uri'], ctx.signal));
  const hasStorageGroups = firmware?.has(STORAGE_GROUPS) ?? true;
  return [
    ...general,
    met('dpm_mode', name, 'the CPC is in DPM mode'),
    ...(await resourceRequirements(ctx, place, cpc, firmware)),
    ...(await partitions(ctx, place, cpc, { instance, hasStorageGroups })),
  ];
}

const STORAGE_GROUPS = 'dpm-storage-management';

async function resourceRequirements(
  ctx: CallContext,
  place: CpcPlace,
  cpc: Cpc,
  firmware: ReadonlySet<string> | undefined,
): Promise<Requirement[]> {
  const client = place.client(ctx);
  const { name, 'object-uri': uri } = cpc;
  const seen = await unlessRefused(() => adapters(client, uri, ctx.signal));
  return [
    firmware === undefined
      ? cannotTell(
          'storage_management',
          name,
          'the HMC does not tell the features of the CPC',
          'look at the CPC on the HMC: it needs storage groups',
        )
      : judged(
          'storage_management',
          name,
          {
            status: firmware.has(STORAGE_GROUPS) ? 'met' : 'not_met',
            evidence: firmware.has(STORAGE_GROUPS) ? `it has ${STORAGE_GROUPS}` : `it does not have ${STORAGE_GROUPS}`,
          },
          'storage groups are needed: z14 or newer, with its firmware up to date',
        ),
    seen === undefined || seen.length === 0
      ? cannotTell('adapter_access', name, 'the HMC user sees no adapter of the CPC', SEE_ADAPTERS)
      : met('adapter_access', name, `the HMC user sees ${seen.length} adapters; others may be hidden`),
  ];
}

async function partitions(
  ctx: CallContext,
  place: CpcPlace,
  cpc: Cpc,
  wanted: Parameters<typeof readParts>[3],
): Promise<Requirement[]> {
  const { instance } = wanted;
  const seen = await readParts(ctx, place.client(ctx), cpc['object-uri'], wanted);
  if (seen.length > 0) {
    return [
      ...(instance === undefined
        ? [met('partition_access', cpc.name, `the HMC user sees ${seen.length} partitions; others may be hidden`)]
        : [met('partition_access', instance, 'the HMC user sees the partition')]),
      ...seen.flatMap(partitionRequirements),
    ];
  }
  return instance === undefined
    ? [cannotTell('partition_access', cpc.name, 'the HMC user sees no partition of the CPC', SEE_PARTITION)]
    : [
        cannotTell(
          'partition_access',
          instance,
          `the HMC user sees no partition ${instance} of the CPC`,
          SEE_PARTITION,
        ),
      ];
}

/** Undefined in place of what the HMC refuses to tell; that it does not answer at all is an error. */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HmcError && (error.kind === 'refused' || error.kind === 'unreadable')) return undefined;
    throw error;
  }
}
