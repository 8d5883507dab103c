import {
  POWER_FEATURES,
  VIRT_FEATURES,
  type CatalogueEntry,
  type FeatureClaim,
  type PowerFeatureId,
  type VirtFeatureId,
} from '../../src/features/index.js';
import type { Fixture, LimitScenario } from './fixture.js';
import type { FeatureScenario, Scenario } from './scenario.js';
import { core, refusal } from './scenarios/negative.js';
import { missingPower } from './scenarios/power/missing.js';
import { POWER_SCENARIOS } from './scenarios/power/index.js';
import { missingVirt, untold } from './scenarios/virt/missing.js';
import { VIRT_SCENARIOS } from './scenarios/virt/index.js';
import type { Subject } from './subject.js';

/** How a scenario ended. */
export interface ScenarioOutcome extends Omit<Scenario<never>, 'run'> {
  readonly result: 'passed' | 'failed';
  /** Why it failed. */
  readonly error: unknown;
}

/** What is to be shown of a driver, and what has been. Scenarios are carried out once each, one after the other. */
export interface SuiteRun {
  readonly scenarios: readonly Omit<Scenario<never>, 'run'>[];
  /** Starts what scenarios are carried out on, unless it has been. */
  start(): Promise<void>;
  /** Carries a scenario out, unless it has been. */
  outcome(id: string): Promise<ScenarioOutcome>;
  /** Gives back what was started. */
  close(): Promise<void>;
}

/** The suite for a driver. Nothing is started before the first scenario. */
export function suiteFor(fixture: Fixture): SuiteRun {
  if (fixture.kind === 'virt') {
    return new Run(
      fixture.start,
      scenariosOf(fixture, VIRT_FEATURES, VIRT_SCENARIOS, (id) => [
        ...missingVirt(id as VirtFeatureId).map(refusal),
        ...untold(id as VirtFeatureId),
      ]),
    );
  }
  return new Run(
    fixture.start,
    scenariosOf(fixture, POWER_FEATURES, POWER_SCENARIOS, (id) => missingPower(id as PowerFeatureId).map(refusal)),
  );
}

/** Carries all scenarios out, or those that a test of the suite wants. */
export async function runSuite(
  fixture: Fixture,
  isWanted: (scenario: Omit<Scenario<never>, 'run'>) => boolean = () => true,
): Promise<ScenarioOutcome[]> {
  const run = suiteFor(fixture);
  try {
    const outcomes: ScenarioOutcome[] = [];
    for (const scenario of run.scenarios) if (isWanted(scenario)) outcomes.push(await run.outcome(scenario.id));
    return outcomes;
  } finally {
    await run.close();
  }
}

interface Claimed<S> {
  readonly claims: Readonly<Record<string, FeatureClaim>>;
  readonly limits: readonly LimitScenario<S>[];
}

/** By what the driver declares of each feature: that it works, where it ends, or that it is refused. */
function scenariosOf<S extends Subject>(
  { claims, limits }: Claimed<S>,
  catalogue: Readonly<Record<string, CatalogueEntry>>,
  table: Readonly<Partial<Record<string, readonly FeatureScenario<S>[]>>>,
  missing: (feature: string) => readonly Scenario<S>[],
): Scenario<S>[] {
  const isOffered = (feature: string): boolean => claims[feature]?.level !== 'missing';
  const scenarios = Object.entries(catalogue).flatMap(([feature, { status }]) => {
    const asked = (table[feature] ?? []).filter(({ needs = [] }) => needs.every(isOffered));
    const own = limits.filter((limit) => limit.feature === feature);
    switch (claims[feature]?.level) {
      case 'missing':
        return [
          ...missing(feature),
          ...(status === 'mandatory' ? asked.map((scenario) => core(feature, scenario)) : []),
        ];
      case 'partial': {
        const beyond = new Set(own.map(({ insteadOf }) => insteadOf));
        return [
          ...asked.filter(({ word }) => !beyond.has(word)).map((scenario) => named(feature, 'positive', scenario)),
          ...own.map((limit) => named(feature, 'limit', limit)),
        ];
      }
      default:
        return asked.map((scenario) => named(feature, 'positive', scenario));
    }
  });
  checkIds(scenarios);
  return scenarios;
}

function named<S>(
  feature: string,
  kind: 'positive' | 'limit',
  { word, title, run }: Pick<FeatureScenario<S>, 'word' | 'title' | 'run'>,
): Scenario<S> {
  return { id: `${feature}/${word}`, feature, kind, title, run };
}

function checkIds(scenarios: readonly { readonly id: string }[]): void {
  const seen = new Set<string>();
  for (const { id } of scenarios) {
    if (seen.has(id)) throw new Error(`two scenarios are called ${id}`);
    seen.add(id);
  }
}

class Run<S extends Subject> implements SuiteRun {
  readonly scenarios: readonly Scenario<S>[];
  readonly #start: () => Promise<S>;
  readonly #outcomes = new Map<string, Promise<ScenarioOutcome>>();
  #subject: Promise<S> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(start: () => Promise<S>, scenarios: readonly Scenario<S>[]) {
    this.#start = start;
    this.scenarios = scenarios;
  }

  outcome(id: string): Promise<ScenarioOutcome> {
    const known = this.#outcomes.get(id);
    if (known !== undefined) return known;
    const scenario = this.scenarios.find((one) => one.id === id);
    if (scenario === undefined) throw new Error(`there is no scenario ${id}`);
    const outcome = this.#last.then(() => this.#carryOut(scenario));
    this.#last = outcome;
    this.#outcomes.set(id, outcome);
    return outcome;
  }

  async start(): Promise<void> {
    await this.#subjectOf();
  }

  async close(): Promise<void> {
    await this.#last;
    const subject = await this.#subject?.catch(() => undefined);
    await subject?.close();
  }

  #subjectOf(): Promise<S> {
    this.#subject ??= this.#start();
    return this.#subject;
  }

  async #carryOut({ run, ...scenario }: Scenario<S>): Promise<ScenarioOutcome> {
    try {
      await run(await this.#subjectOf());
      return { ...scenario, result: 'passed', error: null };
    } catch (error) {
      return { ...scenario, result: 'failed', error };
    }
  }
}
