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
import { accessKey, type LibvirtAccess } from './client/libvirt-access.js';
import type { LibvirtLink } from './client/libvirt-link.js';
import type { PoolOf } from './client/libvirt-pool.js';
import { bootDeviceWork } from './operations/boot-device.js';
import { findDomain } from './operations/find-domain.js';
import { placeAt } from './operations/open-place.js';
import { powerWorks, queryPower } from './operations/power.operations.js';
import { probeDomains } from './operations/probe.js';
import { queryDomains, type DomainStates } from './operations/query-domains.js';
import { rebootWork } from './operations/reboot.js';
import { resetWork } from './operations/reset.js';
import { softOffWork } from './operations/soft-off.js';
import { explaining, provisionalTargetKey, targetOf, type VirshPlace } from './operations/virsh-place.js';
import { DEFAULT_PACING, RequestUriSchema } from './virsh.settings.js';

/** What is of the host, whatever the domain. */
const VirshControllerSchema = z
  .strictObject({
    power_address: RequestUriSchema,
    power_pass: z
      .string()
      .min(1)
      .max(1024)
      .transform((text) => new Secret(text))
      .optional(),
  })
  .refine(({ power_address: { way }, power_pass: password }) => way === 'ssh' || password === undefined, {
    error: 'a password is of use for ssh alone, and the URI is not one with ssh',
    path: ['power_pass'],
  });

const VirshParametersSchema = VirshControllerSchema.safeExtend({ power_id: z.string().min(1).max(255) });

/** A guest of a libvirt host as a machine; parameters as in MAAS (power-drivers.md 22). */
export function virshPowerType(poolOf: PoolOf): AnyPowerType {
  return definePowerType({
    name: 'virsh',
    title: 'Virsh (virtual systems)',
    description: 'Guests of a libvirt host: KVM, QEMU, or another hypervisor that its daemon has',
    queryable: true,
    parameters: [
      { name: 'power_address', label: 'Address (libvirt URI)', fieldType: 'string', required: true, scope: 'bmc' },
      {
        name: 'power_pass',
        label: 'Password (of the user, for ssh)',
        fieldType: 'password',
        scope: 'bmc',
        secret: true,
      },
      { name: 'power_id', label: 'Virsh VM name or UUID', fieldType: 'string', required: true, scope: 'node' },
    ],
    features: {
      'power.on': complete,
      'power.off': complete,
      'power.soft-off': complete,
      'power.cycle': complete,
      'power.reset': complete,
      'power.query': complete,
      'power.error-reporting': complete,
      'power.pxe-next-boot': complete,
      'power.chassis': complete,
      'power.enlistment': missing('libvirt has no such function: a guest cannot find out its host from within'),
    },
    schema: VirshParametersSchema,
    open(ports) {
      let isClosed = false;
      const borrow = (access: LibvirtAccess): LibvirtLink => {
        // What still runs when the service stops would open a connection that nobody closes.
        if (isClosed) {
          throw new ComputeError('SHUTTING_DOWN', `no more is asked of ${access.label}: the service stops`);
        }
        return poolOf(ports).borrow(access, ports);
      };
      return {
        machine(parameters) {
          const { power_id: id } = parameters;
          const access = accessOf(parameters);
          const place = placeOf(access, borrow);
          const { powerOn, powerOff } = powerWorks(place);
          const offered = offerVerbs({
            powerOn,
            powerOff,
            softOff: softOffWork(place),
            cycle: rebootWork(place),
            reset: resetWork(place),
            setBootDevice: bootDeviceWork(place),
          });
          const query = queryPower(place);
          return {
            label: `virsh ${access.label} ${id}`,
            controller: access.endpoint,
            ...offered,
            verbs: { ...offered.verbs, queryPower: (ctx: CallContext) => query(ctx, id) },
            resolve: (ctx) =>
              explaining(place, `finding domain ${id}`, async () =>
                targetOf(ctx, place, await findDomain(ctx, place, id)),
              ),
            provisionalKey: () => provisionalTargetKey(place, id),
          };
        },
        async queryMany(ctx, machines) {
          const states = new Map<string, DomainStates>();
          const answers: QueriedState[] = [];
          for (const machine of machines) {
            const access = accessOf(machine);
            const key = accessKey(access);
            const found = states.get(key) ?? (await queryDomains(ctx, placeOf(access, borrow)));
            states.set(key, found);
            answers.push(found.of(machine.power_id));
          }
          return answers;
        },
        probe: chassisProbe({
          schema: VirshControllerSchema,
          async list(ctx, controller, isWanted) {
            const found = await probeDomains(ctx, placeOf(accessOf(controller), borrow), isWanted);
            return found.map((machine) => ({ ...machine, parameters: { power_id: machine.name } }));
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
  power_pass: password,
}: z.output<typeof VirshControllerSchema>): LibvirtAccess {
  return {
    ...address,
    by: 'rpc',
    tls: {},
    ssh: password === undefined ? {} : { password },
    requestTimeoutMs: DEFAULT_PACING.requestTimeoutMs,
  };
}

/** A link is borrowed for each call, since one that nobody used for long is given back. */
function placeOf(access: LibvirtAccess, borrow: (access: LibvirtAccess) => LibvirtLink): VirshPlace {
  return placeAt(access, () => borrow(access), DEFAULT_PACING);
}
