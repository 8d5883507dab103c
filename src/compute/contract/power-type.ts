import type { z } from 'zod';
import type { ComputeError } from '../../common/errors/index.js';
import type { POWER_FEATURES, FeatureClaim, PowerFeatureId } from '../../features/index.js';
import type { TargetKey } from '../../common/ids.js';
import type { ObservedState } from '../state/power-state.js';
import type { CallContext, OperationContext } from './context.js';
import type { PowerParameters } from './fields.js';
import type { ChangeOperation } from './operations/change.js';
import type { BootDeviceParams, SoftOffParams } from './operations/power.js';
import type { PlannedStep, Reconciliation } from './reconciliation.js';
import type { Target } from './target.js';
import type { DriverPorts } from './virt-driver.js';

/** One parameter of a power type, described as MAAS describes it (power-drivers.md 0.1). */
export interface PowerParameter {
  readonly name: string;
  readonly label: string;
  readonly fieldType: 'string' | 'mac_address' | 'choice' | 'multiple_choice' | 'password';
  /** Value and label, for the choice types. */
  readonly choices?: readonly (readonly [string, string])[];
  readonly default?: string | readonly string[];
  readonly required?: boolean;
  /** `bmc`: of the controller, shared by every machine behind it; `node`: of the machine. */
  readonly scope?: 'bmc' | 'node';
  readonly secret?: boolean;
}

/** Every verb that a power type may have; each is governed by the feature of its name. */
export interface PowerVerbs {
  powerOn: ChangeOperation;
  powerOff: ChangeOperation;
  softOff: ChangeOperation<SoftOffParams>;
  cycle: ChangeOperation;
  reset: ChangeOperation;
  setBootDevice: ChangeOperation<BootDeviceParams>;
  /** The state now; reads take no target, so that finding and asking can be one request. */
  queryPower(ctx: CallContext): Promise<ObservedState>;
}
export type PowerVerbName = keyof PowerVerbs;
export type PowerChangeName = Exclude<PowerVerbName, 'queryPower'>;

export type PowerDeclaration = { readonly [F in PowerFeatureId]: FeatureClaim };

type VerbOf<F extends PowerFeatureId> = (typeof POWER_FEATURES)[F]['operations'][number] & PowerVerbName;
type MissingClaim = Extract<FeatureClaim, { level: 'missing' }>;
type ClaimedVerb<D extends PowerDeclaration> = {
  [F in PowerFeatureId]: D[F] extends MissingClaim ? never : VerbOf<F>;
}[PowerFeatureId];

/** Exactly the verbs that a declaration claims. */
export type VerbsOf<D extends PowerDeclaration> = Pick<PowerVerbs, ClaimedVerb<D>> & {
  readonly [V in Exclude<PowerVerbName, ClaimedVerb<D>>]?: never;
};

/** One machine behind a controller, with its parameters checked. Opening it causes no traffic. */
export interface PowerMachine<Verbs = Partial<PowerVerbs>> {
  /** How events and logs name it; never holds a secret. */
  readonly label: string;
  /** How its controller is named among those of its type; never holds a secret. Machines with one controller share its limits. */
  readonly controller: string;
  readonly verbs: Verbs;
  resolve(ctx: CallContext): Promise<Target>;
  provisionalKey(): TargetKey;
  /** @param params of the verb, as its method's schema has checked them */
  plan(ctx: CallContext, verb: PowerChangeName, target: Target, params: object): Promise<PlannedStep[]>;
  reconcile(ctx: OperationContext, verb: PowerChangeName, target: Target, params: object): Promise<Reconciliation>;
}

/** What asking for a machine's state came to, where many are asked for. */
export type QueriedState = ObservedState | ComputeError;

/** A machine that a controller tells of by itself. */
export interface FoundMachine {
  readonly name: string;
  /** By which it is told from the others behind its controller, to be given beside the controller's own. */
  readonly parameters: PowerParameters;
  /** MAC addresses of its network interfaces, as far as they are known. */
  readonly macs: readonly string[];
  /** As MAAS names it: "s390x". */
  readonly architecture: string;
  readonly state: ObservedState;
  /** What only this controller says of it. */
  readonly native: Readonly<Record<string, string>>;
}

/** How the machines behind a controller are listed. Governed by `power.chassis`. */
export interface ChassisProbe<Params extends z.ZodType = z.ZodType> {
  /** Checks `power_parameters` of the controller, which are those of the type without what tells its machines apart. */
  readonly schema: Params;
  /**
   * @param isWanted by name
   * @throws ComputeError BACKEND_*
   */
  list(
    ctx: CallContext,
    controller: z.output<Params>,
    isWanted: (name: string) => boolean,
  ): Promise<readonly FoundMachine[]>;
}

/** A probe in the form that types offer it: what it lists by has been checked by its own schema. */
export type AnyChassisProbe = Omit<ChassisProbe, 'list'> & {
  list(ctx: CallContext, controller: unknown, isWanted: (name: string) => boolean): Promise<readonly FoundMachine[]>;
};

type ProbeOf<D extends PowerDeclaration> = D['power.chassis'] extends MissingClaim
  ? { readonly probe?: never }
  : { readonly probe: AnyChassisProbe };

/** Fits a probe to what its schema makes of the parameters. */
export function chassisProbe<Params extends z.ZodType>(probe: ChassisProbe<Params>): AnyChassisProbe {
  return {
    schema: probe.schema,
    list: (ctx, controller, isWanted) => probe.list(ctx, controller as z.output<Params>, isWanted),
  };
}

/** A kind of power controller. */
export interface PowerType<D extends PowerDeclaration = PowerDeclaration, Params extends z.ZodType = z.ZodType> {
  /** Name as in MAAS: "hmcz". */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly queryable: boolean;
  readonly parameters: readonly PowerParameter[];
  readonly features: D;
  /** Checks `power_parameters`; names are MAAS's. */
  readonly schema: Params;
  /** Prepares the type; connections are shared by all its machines. */
  open(ports: DriverPorts): PowerTypeConnection<D, Params> & ProbeOf<D>;
}

export interface PowerTypeConnection<D extends PowerDeclaration, Params extends z.ZodType> {
  machine(params: z.output<Params>): PowerMachine<VerbsOf<D>>;
  /**
   * The states of machines behind one controller, in their order; there where the controller tells of many in one request.
   * Machines whose credentials differ may take a request each. What fails is an answer, of those that it concerns.
   */
  queryMany?(ctx: CallContext, machines: readonly z.output<Params>[]): Promise<readonly QueriedState[]>;
  close(): Promise<void>;
}

/** A power type in the form the registry keeps. */
export interface AnyPowerType extends Omit<PowerType, 'open'> {
  open(ports: DriverPorts): AnyPowerTypeConnection;
}

export interface AnyPowerTypeConnection {
  machine(params: unknown): PowerMachine;
  readonly probe?: AnyChassisProbe;
  queryMany?(ctx: CallContext, machines: readonly unknown[]): Promise<readonly QueriedState[]>;
  close(): Promise<void>;
}

/** Checks a power type against its own declaration, at compile time. */
export function definePowerType<const D extends PowerDeclaration, Params extends z.ZodType>(
  type: PowerType<D, Params>,
): AnyPowerType {
  return {
    ...type,
    open(ports) {
      const connection = type.open(ports);
      const queryMany = connection.queryMany?.bind(connection);
      return {
        machine: (params) => connection.machine(params as z.output<Params>),
        ...(connection.probe === undefined ? {} : { probe: connection.probe }),
        ...(queryMany === undefined
          ? {}
          : {
              queryMany: (ctx: CallContext, machines: readonly unknown[]) =>
                queryMany(ctx, machines as readonly z.output<Params>[]),
            }),
        close: () => connection.close(),
      };
    },
  };
}
