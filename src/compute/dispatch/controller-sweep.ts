import { aborted } from '../../common/aborted.js';
import { ComputeError, toComputeError } from '../../common/errors/index.js';
import { canonicalJson } from '../../common/json.js';
import { isSecretField } from '../../common/secret.js';
import type { MachineRecord } from '../../journal/machine-store.port.js';
import type { CallContext, PowerParameters, QueriedState } from '../contract/index.js';
import type { ControllerLimits } from './controller-limits.js';
import { within } from './host-route.js';
import { openMachine, unsupported, type OpenMachine, type OpenPowerType } from './power-route.js';

/** So many failures to reach a controller, with no answer of it between them, and no more is tried. */
const UNREACHABLE_IN_A_ROW = 2;

/** Failures of this service, which tell nothing of a machine. */
const OUR_FAILURES: ReadonlySet<string> = new Set(['SHUTTING_DOWN', 'JOURNAL_UNAVAILABLE', 'INTERNAL']);

/** What became of one machine in a sweep. */
export interface SweepAnswer {
  readonly state: QueriedState;
  /** Does it tell of the machine or its controller, and not only of our way there? Then it is worth keeping. */
  readonly isNews: boolean;
}

interface Asked extends OpenMachine {
  readonly record: MachineRecord;
  /** Equal for machines that are reached with the same credentials. */
  readonly credential: string;
}

/**
 * Asks one controller for the states of its machines: in one request where it can tell of many, else one by one, few at a
 * time. When it cannot be reached, or refuses the logon, its remaining machines have that error without being asked for.
 */
export class ControllerSweep {
  readonly #ctx: CallContext;
  readonly #type: OpenPowerType;
  readonly #records: readonly MachineRecord[];
  readonly #limits: ControllerLimits;
  readonly #answers = new Map<MachineRecord, SweepAnswer>();
  /** Those for which a request is under way, or was. */
  readonly #begun = new Set<MachineRecord>();
  readonly #refused = new Map<string, ComputeError>();
  #unreachableInARow = 0;

  /** @param records machines of one power type and controller; at least one */
  constructor(ctx: CallContext, type: OpenPowerType, records: readonly MachineRecord[], limits: ControllerLimits) {
    this.#ctx = ctx;
    this.#type = type;
    this.#records = records;
    this.#limits = limits;
  }

  /** An answer for each machine, at the latest when the context's time is over. Never fails. */
  async run(): Promise<ReadonlyMap<MachineRecord, SweepAnswer>> {
    await Promise.race([this.#ask(), aborted(this.#ctx.signal)]);
    // What comes later is too late.
    return new Map(this.#records.map((record) => [record, this.#answers.get(record) ?? this.#tooLate(record)]));
  }

  async #ask(): Promise<void> {
    const machines = this.#records.flatMap((record) => this.#open(record));
    const { queryMany } = this.#type;
    if (queryMany !== undefined && machines.length > 1) await this.#askAtOnce(machines, queryMany);
    else await Promise.all(machines.map((machine) => this.#askOne(machine)));
  }

  async #askAtOnce(machines: readonly Asked[], queryMany: NonNullable<OpenPowerType['queryMany']>): Promise<void> {
    const asking = this.#within(() => {
      for (const { record } of machines) this.#begun.add(record);
      return queryMany(
        this.#ctx,
        machines.map(({ parameters }) => parameters),
      );
    });
    const states = await asking.catch((error: unknown) => machines.map(() => toComputeError(error)));
    machines.forEach(({ record }, i) => this.#settle(record, states[i] ?? missing(record)));
  }

  async #askOne(machine: Asked): Promise<void> {
    const { record, type } = machine;
    const { queryPower } = machine.machine.verbs;
    if (queryPower === undefined) {
      this.#answers.set(record, { state: unsupported(type, 'power.query', 'queryPower'), isNews: false });
      return;
    }
    const asking = this.#within(async () => {
      const refusal = this.#refusalOf(machine);
      if (refusal !== undefined) throw refusal;
      this.#begun.add(record);
      try {
        const state = await queryPower(this.#ctx);
        this.#unreachableInARow = 0;
        return state;
      } catch (error) {
        // Before the next machine has its turn.
        this.#note(toComputeError(error), machine);
        throw error;
      }
    });
    this.#settle(record, await asking.catch(toComputeError));
  }

  #within<T>(work: () => Promise<T>): Promise<T> {
    const { type } = this.#type;
    const controller = this.#records[0]?.controller ?? '';
    return within({ driver: type.name }, () => this.#limits.run(type.name, controller, this.#ctx.signal, work));
  }

  /** Why a machine need not be asked for: what was found out with others. */
  #refusalOf({ credential }: Asked): ComputeError | undefined {
    return this.#refused.get(credential) ?? this.#refused.get(EVERYBODY);
  }

  #note(failure: ComputeError, { credential }: Asked): void {
    if (failure.code === 'BACKEND_AUTH_FAILED') this.#refused.set(credential, failure);
    if (failure.code !== 'BACKEND_UNREACHABLE') return;
    this.#unreachableInARow += 1;
    if (this.#unreachableInARow >= UNREACHABLE_IN_A_ROW) this.#refused.set(EVERYBODY, failure);
  }

  #settle(record: MachineRecord, state: QueriedState): void {
    const isOurs = state instanceof ComputeError && OUR_FAILURES.has(state.code);
    const isLate = this.#ctx.signal.aborted && !this.#begun.has(record);
    // What cannot be asked has told nothing.
    const isNews = this.#type.type.queryable && !isOurs && !isLate;
    this.#answers.set(record, { state, isNews });
  }

  /** None when its parameters cannot be read, or are not right; that is its answer then. */
  #open(record: MachineRecord): Asked[] {
    try {
      const { parameters } = record;
      return [{ ...openMachine(this.#type, parameters, record.name), record, credential: credentialOf(parameters) }];
    } catch (error) {
      this.#answers.set(record, { state: toComputeError(error), isNews: false });
      return [];
    }
  }

  #tooLate(record: MachineRecord): SweepAnswer {
    return { state: toComputeError(this.#ctx.signal.reason), isNews: this.#begun.has(record) };
  }
}

/** No credential is JSON that is not an object. */
const EVERYBODY = '';

function credentialOf(parameters: PowerParameters): string {
  return canonicalJson(
    Object.fromEntries(Object.entries(parameters).filter(([name]) => isSecretField(name) || name === 'power_user')),
  );
}

function missing({ name, powerType }: MachineRecord): ComputeError {
  return new ComputeError('INTERNAL', `${powerType} gave no answer for ${name}`, { driver: powerType });
}
