import type { FeatureClaim } from '../../src/features/index.js';
import type { PowerSubject, Subject, VirtSubject } from './subject.js';

/** What a driver is tried against. */
export interface Backend {
  readonly name: string;
  readonly version: string;
  /** `live`: the real product. `simulator`: something that plays it. */
  readonly grade: 'live' | 'simulator';
}

/** A scenario of one driver only: where a `partial` claim of it ends, and what it allows. */
export interface LimitScenario<S> {
  readonly feature: string;
  readonly word: string;
  readonly title: string;
  /** The positive scenario, by its word, which asks for more than the limit allows and is left out. */
  readonly insteadOf?: string;
  readonly run: (subject: S) => Promise<void>;
}

interface FixtureOf<K extends 'virt' | 'power', S extends Subject> {
  readonly driver: string;
  readonly kind: K;
  readonly claims: Readonly<Record<string, FeatureClaim>>;
  readonly backend: Backend;
  /** One or more for every feature that the driver declares `partial`. */
  readonly limits: readonly LimitScenario<S>[];
  /** Starts the backend, and the service before it. */
  readonly start: () => Promise<S>;
}

export type VirtFixture = FixtureOf<'virt', VirtSubject>;
export type PowerFixture = FixtureOf<'power', PowerSubject>;

/** How the suite gets at a driver. */
export type Fixture = VirtFixture | PowerFixture;
