import { z } from 'zod';
import {
  defineVirtDriver,
  definePowerType,
  type AnyChassisProbe,
  type ChangeOperation,
  type ComputeDeclaration,
  type OperationsOf,
  type PowerDeclaration,
  type VirtHost,
} from '../../src/compute/contract/index.js';
import { fakeFeatures } from '../../src/drivers/fake/fake.features.js';
import { complete, missing, partial } from '../../src/features/index.js';

declare const change: ChangeOperation;
declare const rest: Omit<VirtHost, 'operations'>;
declare const full: OperationsOf<typeof fakeFeatures>;

const driver = { name: 'x', title: 'x', settings: z.strictObject({}), managesByDefault: 'nothing' } as const;

// What is right compiles.
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: full }) });

// A claim without its method.
const { pause: _pause, ...withoutPause } = full;
// @ts-expect-error -- operation.pause is claimed, pause is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutPause }) });

// A method without its claim.
const noPause = { ...fakeFeatures, 'operation.pause': missing('cannot') } as const satisfies ComputeDeclaration;
defineVirtDriver({
  ...driver,
  features: noPause,
  // @ts-expect-error -- pause is there, operation.pause says missing
  open: () => ({ ...rest, operations: { ...withoutPause, pause: change } }),
});
defineVirtDriver({ ...driver, features: noPause, open: () => ({ ...rest, operations: withoutPause }) });

// A method that no feature governs cannot be left out either.
const { powerOn: _powerOn, ...withoutPowerOn } = full;
// @ts-expect-error -- every virt driver can power on
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutPowerOn }) });

// A forgotten feature.
const { 'operation.pause': _answer, ...forgotten } = fakeFeatures;
// @ts-expect-error -- no answer for operation.pause
forgotten satisfies ComputeDeclaration;

// A partial claim without its limits, a missing one without its reason.
// @ts-expect-error -- no limits
partial();
// @ts-expect-error -- no reason
missing();

// The same for power types.
const verbs = {
  'power.on': complete,
  'power.off': complete,
  'power.soft-off': missing('no'),
  'power.cycle': missing('no'),
  'power.reset': missing('no'),
  'power.query': missing('no'),
  'power.pxe-next-boot': missing('no'),
  'power.chassis': missing('no'),
  'power.error-reporting': missing('no'),
  'power.enlistment': missing('no'),
} as const satisfies PowerDeclaration;
const type = {
  name: 'x',
  title: 'x',
  description: 'x',
  queryable: false,
  parameters: [],
  features: verbs,
  schema: z.strictObject({}),
} as const;
declare const machine: Omit<
  ReturnType<Parameters<typeof definePowerType>[0]['open']>['machine'] extends (...args: never[]) => infer M
    ? M
    : never,
  'verbs'
>;
const close = (): Promise<void> => Promise.resolve();
definePowerType({
  ...type,
  open: () => ({ machine: () => ({ ...machine, verbs: { powerOn: change, powerOff: change } }), close }),
});
// @ts-expect-error -- power.off is claimed, powerOff is not there
definePowerType({ ...type, open: () => ({ machine: () => ({ ...machine, verbs: { powerOn: change } }), close }) });
const withCycle = { powerOn: change, powerOff: change, cycle: change };
// @ts-expect-error -- cycle is there, power.cycle says missing
definePowerType({ ...type, open: () => ({ machine: () => ({ ...machine, verbs: withCycle }), close }) });

// A chassis without its probe, and a probe without its claim.
declare const probe: AnyChassisProbe;
const opened = { machine: () => ({ ...machine, verbs: { powerOn: change, powerOff: change } }), close };
const chassis = { ...verbs, 'power.chassis': complete } as const satisfies PowerDeclaration;
definePowerType({ ...type, features: chassis, open: () => ({ ...opened, probe }) });
// @ts-expect-error -- power.chassis is claimed, probe is not there
definePowerType({ ...type, features: chassis, open: () => opened });
// @ts-expect-error -- probe is there, power.chassis says missing
definePowerType({ ...type, open: () => ({ ...opened, probe }) });
