import { describeSchema } from '../../common/json-schema.js';
import { METHODS } from '../../compute/contract/index.js';

/** Where {@link featuresSchema} has what it says of one driver. */
export const DRIVER_POINTER = '#/$defs/driver';

/**
 * The JSON schema of the matrix, by which programs check what they read; `$defs.driver` is that of one driver. Objects
 * stay open: a later version may add fields.
 */
export function featuresSchema(): object {
  const { $schema: _, ...driver } = describeSchema(METHODS['features.driver'].result) as Record<string, unknown>;
  return {
    title: 'The feature matrix of Zenova',
    description: 'The answer of GET /v1/features; $defs.driver is the answer of GET /v1/features/{driver}.',
    ...describeSchema(METHODS['features.matrix'].result),
    $defs: { driver },
  };
}
