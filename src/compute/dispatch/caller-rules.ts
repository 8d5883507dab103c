import type { CallerRule } from '../../common/caller-rule.js';
import { ComputeError } from '../../common/errors/index.js';
import { glob } from '../../common/glob.js';
import { ANONYMOUS, isVouched, type Place } from '../contract/index.js';

export type { Place };

interface CompiledRule {
  readonly index: number;
  readonly isCaller: (caller: string) => boolean;
  readonly isMethod: (method: string) => boolean;
  /** Undefined: everywhere, and where nothing is named. */
  readonly isPlace: ((place: Place) => boolean) | undefined;
  readonly action: CallerRule['action'];
}

/**
 * Maps callers to what they may do (DESIGN 5, guard rails). The first rule that applies decides; what no rule applies to
 * is refused; without rules everything is allowed.
 */
export class CallerRules {
  readonly #rules: readonly CompiledRule[] | undefined;

  constructor(rules: readonly CallerRule[] | undefined) {
    this.#rules = rules?.map(compile);
  }

  /** Without rules everything is allowed, and nobody need look at what a request is about. */
  get areGiven(): boolean {
    return this.#rules !== undefined;
  }

  /** Why a caller may not do this there: FORBIDDEN with `details.reason` `caller`; undefined when it may. */
  refusal(caller: string, method: string, place: Place): ComputeError | undefined {
    if (this.#rules === undefined) return undefined;
    const rule = this.#rules.find(
      ({ isCaller, isMethod, isPlace }) => isCaller(caller) && isMethod(method) && (isPlace?.(place) ?? true),
    );
    return rule?.action === 'allow' ? undefined : refusal(caller, method, place, rule);
  }

  /** The same for a request whose place will only be known later: a refusal when there is none where the caller may. */
  refusalAnywhere(caller: string, method: string): ComputeError | undefined {
    if (this.#rules === undefined) return undefined;
    for (const rule of this.#rules) {
      if (!rule.isCaller(caller) || !rule.isMethod(method)) continue;
      if (rule.action === 'allow') return undefined;
      if (rule.isPlace === undefined) return refusal(caller, method, NOWHERE, rule);
    }
    return refusal(caller, method, NOWHERE, undefined);
  }
}

/** Methods whose answers are made of what the caller may see of each place; `host` is the one that a request names. */
export function isAboutPlaces(method: string, host?: string): boolean {
  if (method === 'power.query_many') return host === undefined;
  return method.startsWith('operation.') || method === 'machine.list';
}

export const NOWHERE: Place = { host: null, powerType: null };

function compile({ callers, methods, hosts, powerTypes, machines, action }: CallerRule, index: number): CompiledRule {
  // What denies, denies everybody whom it speaks of.
  const isCaller = action === 'deny' ? oneOf(callers) : vouchedOneOf(callers);
  const isMethod = oneOf(methods);
  const isHost = oneOf(hosts ?? []);
  const isPowerType = oneOf(powerTypes ?? []);
  const isMachine = oneOf(machines ?? []);
  const isPlace = ({ host, powerType, machine = null }: Place): boolean =>
    (host !== null && isHost(host)) ||
    (powerType !== null && isPowerType(powerType)) ||
    (machine !== null && isMachine(machine));
  const isAnywhere = hosts === undefined && powerTypes === undefined && machines === undefined;
  return { index, isCaller, isMethod, isPlace: isAnywhere ? undefined : isPlace, action };
}

/**
 * A pattern allows something to callers for whom nobody vouches only when it says so: otherwise leaving its name out, or
 * taking another one, would lift a caller over a rule that denies it something.
 */
function vouchedOneOf(patterns: readonly string[]): (caller: string) => boolean {
  const isNamed = oneOf(patterns.filter(isVouched));
  const isClaimed = oneOf(patterns.filter((pattern) => !isVouched(pattern) && pattern !== ANONYMOUS));
  const takesAnonymous = patterns.includes(ANONYMOUS);
  return (caller) => {
    if (caller === ANONYMOUS) return takesAnonymous;
    return isVouched(caller) ? isNamed(caller) : isClaimed(caller);
  };
}

function oneOf(patterns: readonly string[]): (text: string) => boolean {
  const expressions = patterns.map(glob);
  return (text) => expressions.some((expression) => expression.test(text));
}

function refusal(caller: string, method: string, place: Place, rule: CompiledRule | undefined): ComputeError {
  const { host, powerType, machine = null } = place;
  const where = whereOf(place);
  const why =
    rule === undefined
      ? 'no rule of the configuration allows it'
      : `rules[${rule.index}] of the configuration denies it`;
  return new ComputeError('FORBIDDEN', `${caller} may not ask for ${method}${where}: ${why}`, {
    details: { reason: 'caller', rule: rule?.index ?? null, method, host, power_type: powerType, machine },
  });
}

function whereOf({ host, powerType, machine = null }: Place): string {
  if (host !== null) return ` on host ${host}`;
  if (machine !== null) return ` of machine ${machine}`;
  return powerType === null ? '' : ` by power type ${powerType}`;
}
