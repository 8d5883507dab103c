import { z } from 'zod';
import { ComputeError, describeIssues } from '../../../common/errors/index.js';
import type { Flavor } from '../../../compute/contract/index.js';

const weight = z.int().min(1).max(999);

/** What `flavor.extras` may say to this driver. */
const FlavorExtrasSchema = z
  .strictObject({
    processor_mode: z.enum(['shared', 'dedicated']).optional(),
    processor_type: z.enum(['ifl', 'cp']).optional(),
    max_memory_mib: z.int().min(1).max(67_108_864).optional(),
    initial_weight: weight.optional(),
    minimum_weight: weight.optional(),
    maximum_weight: weight.optional(),
    reserve_resources: z.boolean().optional(),
  })
  .superRefine(({ processor_mode: mode, minimum_weight, initial_weight, maximum_weight }, context) => {
    const weights = { minimum_weight, initial_weight, maximum_weight };
    const given = Object.entries(weights).filter((entry): entry is [string, number] => entry[1] !== undefined);
    for (const [index, [name, value]] of given.entries()) {
      const before = given[index - 1];
      if (mode === 'dedicated') {
        context.addIssue({ code: 'custom', path: [name], message: 'dedicated processors have no weights' });
      } else if (before !== undefined && before[1] > value) {
        context.addIssue({ code: 'custom', path: [name], message: `must be at least ${before[0]}` });
      }
    }
  });
export type FlavorExtras = z.output<typeof FlavorExtrasSchema>;

/** @throws ComputeError REQUEST_INVALID */
export function flavorExtras({ extras, memory_mib: memory }: Flavor): FlavorExtras {
  const parsed = FlavorExtrasSchema.safeParse(extras ?? {});
  if (!parsed.success) {
    const { text, details } = describeIssues(parsed.error.issues);
    throw new ComputeError('REQUEST_INVALID', `flavor.extras: ${text}`, { details: { mistakes: details } });
  }
  if (parsed.data.max_memory_mib !== undefined && parsed.data.max_memory_mib < memory) {
    throw new ComputeError('REQUEST_INVALID', 'flavor.extras.max_memory_mib: must be at least memory_mib');
  }
  return parsed.data;
}
