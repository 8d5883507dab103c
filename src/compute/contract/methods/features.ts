import { z } from 'zod';
import { NameSchema } from '../fields.js';
import { defineMethod } from '../method.js';

const FeatureCellSchema = z.object({
  level: z.enum(['complete', 'partial', 'missing']),
  notes: z.string().nullable().describe('limits of a partial feature, reason of a missing one'),
});

const DriverFeaturesSchema = z.object({
  driver: z.string(),
  title: z.string(),
  kind: z.enum(['virt', 'power']),
  features: z.record(z.string(), FeatureCellSchema),
});

const CatalogueEntrySchema = z.object({
  key: z.string(),
  title: z.string(),
  status: z.string().describe('mandatory, optional, choice(group) or condition(expression)'),
  set: z.enum(['compute', 'power']),
  method: z.string().nullable().describe('RPC method that it governs'),
});

/** `features.*`: what drivers declare. */
export const featureMethods = {
  'features.catalogue': defineMethod({
    kind: 'service',
    summary: 'List the features of the matrix.',
    params: z.strictObject({}),
    result: z.object({ features: z.array(CatalogueEntrySchema) }),
  }),
  'features.matrix': defineMethod({
    kind: 'service',
    summary: 'Tell what every driver declares of every feature.',
    params: z.strictObject({}),
    result: z.object({ catalogue: z.array(CatalogueEntrySchema), drivers: z.array(DriverFeaturesSchema) }),
  }),
  'features.driver': defineMethod({
    kind: 'service',
    summary: 'Tell what one driver or power type declares.',
    params: z.strictObject({ driver: NameSchema }),
    result: DriverFeaturesSchema,
  }),
} as const;
