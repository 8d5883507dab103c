import { z } from 'zod';
import {
  defineVirtDriver,
  type ComputeDeclaration,
  type OperationsOf,
  type VirtHost,
} from '../../src/compute/contract/index.js';
import { fakeFeatures } from '../../src/drivers/fake/fake.features.js';
import { missing } from '../../src/features/index.js';

// What is claimed, and what is there, for the operations that several features or several operations share.

declare const rest: Omit<VirtHost, 'operations'>;
declare const full: OperationsOf<typeof fakeFeatures>;
const driver = { name: 'x', title: 'x', settings: z.strictObject({}), managesByDefault: 'nothing' } as const;

// A claim of which an operation is not there: each of those that one feature governs together, and those of hosts.
const { spawn: _spawn, ...withoutSpawn } = full;
// @ts-expect-error -- operation.launch is claimed, spawn is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutSpawn }) });
const { destroy: _destroy, ...withoutDestroy } = full;
// @ts-expect-error -- operation.terminate is claimed, destroy is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutDestroy }) });
const { unrescue: _unrescue, ...withoutUnrescue } = full;
// @ts-expect-error -- operation.rescue is claimed, unrescue is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutUnrescue }) });
const { revertResize: _revertResize, ...withoutRevert } = full;
// @ts-expect-error -- operation.resize is claimed, revertResize is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutRevert }) });
const { setEnabled: _setEnabled, ...withoutSetEnabled } = full;
// @ts-expect-error -- operation.service-control is claimed, setEnabled is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutSetEnabled }) });
const { getConsoleLog: _getConsoleLog, ...withoutLog } = full;
// @ts-expect-error -- console.serial.log is claimed, getConsoleLog is not there
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutLog }) });

// An operation whose claim is not there.
const noSnapshot = { ...fakeFeatures, 'operation.snapshot': missing('no') } as const satisfies ComputeDeclaration;
// @ts-expect-error -- snapshot is there, operation.snapshot says missing
defineVirtDriver({ ...driver, features: noSnapshot, open: () => ({ ...rest, operations: full }) });
const noSwitch = { ...fakeFeatures, 'operation.service-control': missing('no') } as const satisfies ComputeDeclaration;
// @ts-expect-error -- setEnabled is there, operation.service-control says missing
defineVirtDriver({ ...driver, features: noSwitch, open: () => ({ ...rest, operations: full }) });

// Features that share an operation: one of them is enough for it, and without any it must not be there.
const { getConsole: _getConsole, ...withoutConsole } = full;
const oneConsole = {
  ...fakeFeatures,
  'console.serial.interactive': missing('no'),
  'console.spice': missing('no'),
} as const satisfies ComputeDeclaration;
defineVirtDriver({ ...driver, features: oneConsole, open: () => ({ ...rest, operations: full }) });
// @ts-expect-error -- console.vnc is claimed, getConsole is not there
defineVirtDriver({ ...driver, features: oneConsole, open: () => ({ ...rest, operations: withoutConsole }) });
const noConsole = { ...oneConsole, 'console.vnc': missing('no') } as const satisfies ComputeDeclaration;
defineVirtDriver({ ...driver, features: noConsole, open: () => ({ ...rest, operations: withoutConsole }) });
// @ts-expect-error -- getConsole is there, and no console is claimed
defineVirtDriver({ ...driver, features: noConsole, open: () => ({ ...rest, operations: full }) });

// What no feature governs is there or not, as it likes; what every driver has is not missing.
const { adopt: _adopt, importImage: _importImage, getDiagnostics: _getDiagnostics, ...withoutFree } = full;
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutFree }) });
const { testHost: _testHost, ...withoutTest } = full;
// @ts-expect-error -- every virt driver can be tested
defineVirtDriver({ ...driver, features: fakeFeatures, open: () => ({ ...rest, operations: withoutTest }) });

// Forgotten: a row of the second set, and one that only shows in fields of a request.
const { 'operation.device-tags': _tags, ...withoutTags } = fakeFeatures;
// @ts-expect-error -- no answer for operation.device-tags
withoutTags satisfies ComputeDeclaration;
const { 'guest.setup.configdrive': _drive, ...withoutDrive } = fakeFeatures;
// @ts-expect-error -- no answer for guest.setup.configdrive
withoutDrive satisfies ComputeDeclaration;
// A feature that is not in the catalogue.
// @ts-expect-error -- there is no operation.teleport
({ ...fakeFeatures, 'operation.teleport': missing('no') }) satisfies ComputeDeclaration;

// Callers look before they call what a driver may lack.
declare const any: VirtHost;
declare const ctx: Parameters<NonNullable<VirtHost['operations']['snapshot']>>[0];
declare const target: Parameters<NonNullable<VirtHost['operations']['snapshot']>>[1];
// @ts-expect-error -- it may not be there
void any.operations.snapshot(ctx, target, { name: 'a' });
void any.operations.snapshot?.(ctx, target, { name: 'a' });
// @ts-expect-error -- the parameters are those of the method
void any.operations.snapshot?.(ctx, target, {});
