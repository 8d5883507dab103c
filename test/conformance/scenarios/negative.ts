import { ComputeError } from '../../../src/common/errors/index.js';
import type { MethodName } from '../../../src/compute/contract/index.js';
import { ensure, refused, silent, text } from '../checks.js';
import { Nonconformance, type FeatureScenario, type Scenario } from '../scenario.js';
import type { Subject } from '../subject.js';

/** A request that uses a feature which the driver declares missing. */
export interface MissingRequest<S> {
  readonly feature: string;
  /** Tells it from other requests that use the feature. */
  readonly word: string;
  readonly method: MethodName;
  request(subject: S): Promise<object>;
}

/** What is missing is refused, for this feature, and the backend hears nothing of it. */
export function refusal<S extends Subject>(missing: MissingRequest<S>): Scenario<S> {
  const { feature, word, method } = missing;
  return {
    id: `${feature}/${word}`,
    feature,
    kind: 'negative',
    title: `${method} is refused, and nothing is sent`,
    async run(subject) {
      const request = await missing.request(subject);
      const error = await silent(subject, `${method}, which is declared missing,`, () =>
        refused(subject, method, request, 'FEATURE_UNSUPPORTED'),
      );
      const { feature: first, features = [first] } = error.details;
      ensure(
        Array.isArray(features) && features.includes(feature),
        'wrong-error',
        `${method} has to be refused for ${feature}, not for ${text(features)}`,
      );
    },
  };
}

/** Mandatory features are tried whatever is declared: what is declared missing must not work when it is asked for in full. */
export function core<S>(feature: string, { word, title, run }: FeatureScenario<S>): Scenario<S> {
  return {
    id: `${feature}/core-${word}`,
    feature,
    kind: 'negative',
    title: `is mandatory and missing, so that this is refused: ${title}`,
    async run(subject) {
      try {
        await run(subject);
      } catch (error) {
        if (isUnsupported(error)) return;
        throw error;
      }
      throw new Nonconformance('not-refused', `${feature} is declared missing, and this works: ${title}`);
    },
  };
}

function isUnsupported(error: unknown): boolean {
  const cause = error instanceof Nonconformance ? error.cause : error;
  return cause instanceof ComputeError && cause.code === 'FEATURE_UNSUPPORTED';
}
