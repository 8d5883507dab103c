import type {
  AnyPowerType,
  AnyVirtDriver,
  CallContext,
  PowerMachine,
  VirtHost,
} from '../../../src/compute/contract/index.js';
import type { ObservedState } from '../../../src/compute/state/power-state.js';
import type { FakeEstate } from '../../../src/drivers/fake/index.js';
import type { FakeSite } from '../fixtures/fake-wire.js';
import type { Fixture } from '../fixture.js';
import type { LevelFault } from '../level-gate.js';
import type { Reason } from '../scenario.js';

/** A driver that is wrong in one way, and how the suite has to notice. */
export interface BrokenDriver {
  /** What it does wrong. */
  readonly name: string;
  readonly fixture: Fixture;
  /** Of the scenarios of the features that are named here, all that fail. */
  readonly caught: Readonly<Record<string, Reason>>;
  /** What the level gate says of these features besides. */
  readonly levels?: Readonly<Record<string, LevelFault['kind']>>;
}

type Operations = VirtHost['operations'];

/** A host of the fake driver, to be broken. */
export interface Breakable {
  readonly host: VirtHost;
  readonly operations: Operations;
  readonly site: FakeSite;
  /** The other hosts. */
  readonly estate: FakeEstate;
}

/** The driver with other operations. */
export function operating(change: (real: Breakable) => Partial<Operations>) {
  return hosting((real) => ({ operations: { ...real.operations, ...change(real) } }));
}

/** The driver with other hosts. */
export function hosting(change: (real: Breakable) => Partial<VirtHost>) {
  return (real: AnyVirtDriver, estate: FakeEstate): AnyVirtDriver => ({
    ...real,
    open(name, settings, ports) {
      const host = real.open(name, settings, ports);
      const site = estate.find(name);
      if (site === undefined) throw new Error(`the estate has no ${name}`);
      return { ...host, ...change({ host, operations: host.operations, site, estate }) };
    },
  });
}

/** The power type with other verbs. */
export function switching(
  change: (real: PowerMachine['verbs'], machine: PowerMachine) => Partial<PowerMachine['verbs']>,
) {
  return (real: AnyPowerType): AnyPowerType => ({
    ...real,
    open(ports) {
      const connection = real.open(ports);
      return {
        ...connection,
        machine(params) {
          const machine = connection.machine(params);
          return { ...machine, verbs: { ...machine.verbs, ...change(machine.verbs, machine) } };
        },
      };
    },
  });
}

/** An instance as it is, whatever was done to it. */
export function truth(site: FakeSite, { clock }: CallContext, id: string): ObservedState {
  return site.observe(site.find(id), clock.now());
}

/** What has to be there to be broken. */
export function there<T>(operation: T | undefined): T {
  if (operation === undefined) throw new Error('the driver lacks what is to be broken');
  return operation;
}
