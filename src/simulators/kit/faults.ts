import { z } from 'zod';
import { matchesGlob } from './wire-log.js';

/** The part of a fault rule that says which requests it hits; simulators add their kinds and their own narrowing. */
export const faultMatchShape = {
  method: z.string().max(20).optional().describe('HTTP method; any when absent'),
  path: z.string().max(300).optional().describe('Path without query, `*` stands for any characters; any when absent'),
  nth: z.int().min(1).default(1).describe('The first matching request that is hit, counted from 1'),
  times: z
    .union([z.int().min(1), z.literal('always')])
    .default(1)
    .describe('How many matching requests are hit'),
};

/** What the registry needs to know of a rule. */
export interface FaultRule {
  readonly kind: string;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly nth: number;
  readonly times: number | 'always';
}

/** A rule in force: `seen` counts the requests it matched, `hits` those it hit. */
export interface ActiveFault<R extends FaultRule> {
  readonly id: number;
  readonly rule: R;
  readonly seen: number;
  readonly hits: number;
}

/** The request as matchers see it. */
export interface FaultTarget {
  readonly method: string;
  readonly path: string;
}

/**
 * The fault rules in force. Rules are tried in the order they were added; a request is hit by one rule at most at each
 * point where the simulator asks. A rule that has hit its number of requests is gone.
 */
export class FaultRegistry<R extends FaultRule, T extends FaultTarget> {
  readonly #active = new Map<number, { id: number; rule: R; seen: number; hits: number }>();
  #next = 1;

  /** `isApplicable` narrows beyond method and path: kinds that make sense for some requests only, names, and so on. */
  constructor(private readonly isApplicable: (rule: R, target: T) => boolean) {}

  /** Returns the id to remove it by. */
  add(rule: R): number {
    const id = this.#next++;
    this.#active.set(id, { id, rule, seen: 0, hits: 0 });
    return id;
  }

  /** False when there is no such rule (any more). */
  remove(id: number): boolean {
    return this.#active.delete(id);
  }

  clear(): void {
    this.#active.clear();
  }

  list(): readonly ActiveFault<R>[] {
    return [...this.#active.values()].map((active) => ({ ...active }));
  }

  /** The rule that hits this request among those that `isWanted`, used up by one; null when none does. */
  take<K extends R>(target: T, isWanted: (rule: R) => rule is K): K | null {
    for (const active of this.#active.values()) {
      const { rule } = active;
      if (!isWanted(rule) || !matchesTarget(rule, target) || !this.isApplicable(rule, target)) continue;
      active.seen += 1;
      if (active.seen < rule.nth) continue;
      active.hits += 1;
      if (active.hits === rule.times) this.#active.delete(active.id);
      return rule;
    }
    return null;
  }
}

function matchesTarget(rule: FaultRule, target: FaultTarget): boolean {
  return (
    (rule.method === undefined || rule.method.toUpperCase() === target.method) &&
    (rule.path === undefined || matchesGlob(rule.path, target.path))
  );
}
