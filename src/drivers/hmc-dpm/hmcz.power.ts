import { z } from 'zod';
import { ComputeError } from '../../common/errors/index.js';
import { Secret } from '../../common/secret.js';
import {
  chassisProbe,
  definePowerType,
  offerVerbs,
  type AnyPowerType,
  type CallContext,
  type QueriedState,
} from '../../compute/contract/index.js';
import { complete, missing } from '../../features/index.js';
import { sessionKey, type HmcAccess } from './client/hmc-access.js';
import type { HmcClient } from './client/hmc-client.js';
import type { PoolOf } from './client/hmc-pool.js';
import { HmcAddressSchema } from './hmc-dpm.settings.js';
import { bootDeviceWork } from './operations/boot-order.js';
import { findInstance } from './operations/find-instance.js';
import { DEFAULT_PACING, explaining, provisionalTargetKey, targetOf, type HmcPlace } from './operations/hmc-place.js';
import { powerWorks, queryPower } from './operations/power.operations.js';
import { probeMachines } from './operations/probe.js';
import { queryPartitions, type PartitionStates } from './operations/query-partitions.js';

/** What is of the HMC, whatever the partition. */
const HmczControllerSchema = z.strictObject({
  power_address: HmcAddressSchema,
  power_user: z.string().min(1).max(255),
  power_pass: z
    .string()
    .min(1)
    .max(1024)
    .transform((text) => new Secret(text)),
  power_verify_ssl: z.enum(['y', 'n']).default('y'),
});

const HmczParametersSchema = HmczControllerSchema.extend({ power_partition_name: z.string().min(1).max(255) });

/** A partition of a DPM-mode machine as a machine with a power controller, the HMC; parameters as in MAAS (power-drivers.md 7). */
export function hmczPowerType(poolOf: PoolOf): AnyPowerType {
  return definePowerType({
    name: 'hmcz',
    title: 'IBM Z HMC (DPM partitions)',
    description:
      'Partitions of IBM Z and LinuxONE machines in DPM mode, and LPARs of those in classic mode, through the Web Services API of their HMC.',
    queryable: true,
    parameters: [
      { name: 'power_address', label: 'HMC address', fieldType: 'string', required: true },
      { name: 'power_user', label: 'HMC username', fieldType: 'string', required: true },
      { name: 'power_pass', label: 'HMC password', fieldType: 'password', required: true, secret: true },
      { name: 'power_partition_name', label: 'HMC partition name', fieldType: 'string', required: true, scope: 'node' },
      {
        name: 'power_verify_ssl',
        label: "Verify the HMC's TLS certificate",
        fieldType: 'choice',
        choices: [
          ['n', 'No'],
          ['y', 'Yes'],
        ],
        default: 'y',
      },
    ],
    features: {
      'power.on': complete,
      'power.off': complete,
      'power.cycle': complete,
      'power.query': complete,
      'power.error-reporting': complete,
      'power.soft-off': missing('DPM has no such operation: the HMC cannot ask the operating system to shut down'),
      'power.reset': missing('DPM has no such operation: a running partition can be stopped and started, see cycle'),
      'power.pxe-next-boot': complete,
      'power.chassis': complete,
      'power.enlistment': missing('DPM has no such function: a partition cannot find out its HMC from within'),
    },
    schema: HmczParametersSchema,
    open(ports) {
      let isClosed = false;
      const borrow = (access: HmcAccess): HmcClient => {
        // What still runs when the service stops would open a session that nobody closes.
        if (isClosed)
          throw new ComputeError('SHUTTING_DOWN', `no more is asked of HMC ${access.address.label}: the service stops`);
        return poolOf(ports).borrow(access, ports);
      };
      const placeOf = (access: HmcAccess): HmcPlace => ({
        client: (ctx) => borrow(access).during(ctx),
        hmc: access.address.label,
        keyedBy: access.address.label,
        cpc: undefined,
        pacing: DEFAULT_PACING,
        // The HMC knows the profile, and what was loaded last.
        classic: () => ({ load_at_activation: false }),
      });
      return {
        machine(parameters) {
          const { power_address: address, power_partition_name: name } = parameters;
          const place = placeOf(accessOf(parameters));
          const { powerOn, powerOff, reboot: cycle } = powerWorks(place);
          const offered = offerVerbs({
            powerOn,
            powerOff,
            cycle,
            setBootDevice: bootDeviceWork(place),
          });
          const query = queryPower(place);
          return {
            label: `hmcz ${address.label} ${name}`,
            controller: address.label,
            ...offered,
            verbs: { ...offered.verbs, queryPower: (ctx: CallContext) => query(ctx, name) },
            resolve: (ctx) =>
              explaining(place, { what: `finding partition ${name}`, subject: 'cpc' }, async () =>
                targetOf(await findInstance(ctx, place, name)),
              ),
            provisionalKey: () => provisionalTargetKey(place, name),
          };
        },
        async queryMany(ctx, machines) {
          const states = new Map<string, PartitionStates>();
          const answers: QueriedState[] = [];
          let unreachable: PartitionStates | undefined;
          // One session after the other, so that an HMC that is away is waited for once.
          for (const machine of machines) {
            const access = accessOf(machine);
            const key = sessionKey(access);
            const found = states.get(key) ?? unreachable ?? (await queryPartitions(ctx, placeOf(access)));
            if (found.failure?.code === 'BACKEND_UNREACHABLE') unreachable = found;
            states.set(key, found);
            answers.push(found.of(machine.power_partition_name));
          }
          return answers;
        },
        probe: chassisProbe({
          schema: HmczControllerSchema,
          async list(ctx, controller, isWanted) {
            const found = await probeMachines(ctx, placeOf(accessOf(controller)), isWanted);
            return found.map(({ reference, ...machine }) => ({
              ...machine,
              parameters: { power_partition_name: reference },
            }));
          },
        }),
        close: async () => {
          isClosed = true;
          await poolOf(ports).closeBorrowed();
        },
      };
    },
  });
}

function accessOf({
  power_address: address,
  power_user: userid,
  power_pass: password,
  power_verify_ssl: verify,
}: z.output<typeof HmczControllerSchema>): HmcAccess {
  return {
    address,
    userid,
    password,
    trust: { kind: verify === 'y' ? 'system' : 'unverified' },
    requestTimeoutMs: DEFAULT_PACING.requestTimeoutMs,
    maxConcurrentRequests: 10,
  };
}
