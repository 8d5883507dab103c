import type { MethodName } from '../../compute/contract/index.js';
import { computeExamples } from './compute.js';
import type { Examples } from './example.js';
import { featuresExamples } from './features.js';
import { hostExamples } from './host.js';
import { imageExamples } from './image.js';
import { machineExamples } from './machine.js';
import { operationExamples } from './operation.js';
import { powerExamples } from './power.js';

/** One of every method: a new method asks for its own here. */
export const EXAMPLES: Examples<MethodName> = {
  ...powerExamples,
  ...computeExamples,
  ...imageExamples,
  ...hostExamples,
  ...machineExamples,
  ...featuresExamples,
  ...operationExamples,
};

export { EXAMPLE_OPERATION_ID, EXAMPLE_TIME } from './example.js';
