import { METHODS, METHOD_NAMES } from '../../../../src/compute/contract/index.js';
import { POWER_FEATURES, type PowerFeatureId } from '../../../../src/features/index.js';
import type { PowerSubject } from '../../subject.js';
import type { MissingRequest } from '../negative.js';

/** Every verb by which a feature is asked for. */
export function missingPower(feature: PowerFeatureId): MissingRequest<PowerSubject>[] {
  const operations: readonly string[] = POWER_FEATURES[feature].operations;
  return METHOD_NAMES.flatMap((method) => {
    const definition = METHODS[method];
    if (!method.startsWith('power.') || !('operation' in definition)) return [];
    if (!operations.includes(definition.operation)) return [];
    return [
      {
        feature,
        word: `refused-${definition.operation}`,
        method,
        request: async (subject: PowerSubject) => ({
          ...(await subject.machine('on')),
          ...(method === 'power.set_boot_device' ? { boot_device: { type: 'network' } } : {}),
        }),
      },
    ];
  });
}
