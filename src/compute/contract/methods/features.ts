import { z } from 'zod';
import { HostNameSchema, NameSchema, TimeSchema } from '../fields.js';
import { defineMethod } from '../method.js';

const LevelSchema = z.enum(['complete', 'partial', 'missing']);
const GradeSchema = z
  .enum(['live', 'simulator'])
  .describe('what proved it: the product itself, or a simulator of it on a real socket');

/** A row of the matrix. */
const CatalogueEntrySchema = z.object({
  key: z.string(),
  set: z
    .enum(['compute', 'nova', 'power'])
    .describe('the z/VM support matrix, what Nova has today besides, or power types'),
  title: z.string(),
  status: z.string().describe('mandatory, optional, choice(group) or condition(expression)'),
  group: z.string().nullable().describe('of a choice: at least one of its features is required'),
  condition: z
    .object({
      printed: z.string().describe("the source's text"),
      enforced: z.string().describe('what is evaluated'),
    })
    .nullable(),
  governs: z
    .array(
      z.object({
        method: z.string().describe('RPC method'),
        field: z
          .string()
          .nullable()
          .describe('the field of its request that uses the feature; null: every request does'),
        values: z
          .array(z.union([z.string(), z.boolean(), z.null()]))
          .nullable()
          .describe('the values that use it, null for a field that is not given; all, when this is null'),
      }),
    )
    .describe('what is asked for with it; none, while no request can ask for it'),
  cli: z.array(z.string()).describe("commands of OpenStack's users"),
  notes: z.string().describe('what it means here'),
});

const ScenarioSchema = z.object({
  id: z.string(),
  title: z.string(),
  kind: z
    .enum(['positive', 'limit', 'negative'])
    .describe('that it works, that its limits hold, or that it is refused without a word to the backend'),
  result: z.enum(['passed', 'failed', 'skipped']),
  grade: GradeSchema,
  backend: z.string().describe('name and version of what it was tried on'),
});

const cell = {
  level: z
    .enum(['complete', 'partial', 'missing', 'unproven'])
    .describe('the lower of declared and proven; unproven while no evidence tells'),
  declared: LevelSchema,
  proven: LevelSchema.nullable(),
  grade: GradeSchema.nullable().describe('the best of its evidence'),
  notes: z.string().nullable().describe('limits of a partial feature, reason of a missing one'),
} as const;
const FeatureCellSchema = z.object({
  ...cell,
  scenarios: z.array(z.string()).describe('ids of what was tried; features.driver tells them in full'),
});
const ProvenCellSchema = z.object({ ...cell, scenarios: z.array(ScenarioSchema) });

const EvaluationSchema = z.object({
  satisfied: z.boolean().describe('does the driver have all that the matrix demands of it?'),
  mandatory_missing: z.array(z.string()),
  mandatory_with_limits: z.array(z.string()).describe('which satisfies the matrix'),
  choices_without_member: z.array(z.string()).describe('groups of which it has no feature'),
  conditions_violated: z.array(z.object({ feature: z.string(), condition: z.string() })),
});

const driver = {
  driver: z.string(),
  title: z.string(),
  kind: z.enum(['virt', 'power']),
  backends: z
    .array(z.object({ name: z.string(), version: z.string(), grade: GradeSchema }))
    .describe('what its features were tried on'),
  evaluation: z
    .object({ declared: EvaluationSchema, proven: EvaluationSchema })
    .describe('by what it declares, and by what is proven of that'),
} as const;
const DriverFeaturesSchema = z.object({ ...driver, features: z.record(z.string(), FeatureCellSchema) });

const AvailabilitySchema = z.object({
  host: z.string(),
  reachable: z.boolean(),
  error: z.object({ code: z.string(), message: z.string() }).nullable().describe('why it cannot be asked'),
  backend: z.string().nullable().describe('product and version, as it says'),
  observed_at: TimeSchema,
  features: z
    .record(z.string(), z.object({ available: z.boolean(), reason: z.string().nullable() }))
    .describe('each feature, and why it is not there'),
});

const query = {
  drivers: z.array(NameSchema).optional().describe('only these'),
  kind: z.enum(['virt', 'power']).optional().describe('only virt drivers, or only power types'),
  having: z.array(NameSchema).optional().describe('only those that have all of these features'),
  level: z
    .enum(['partial', 'complete'])
    .optional()
    .describe('the least level that counts as having it (default: partial)'),
  proven: z.boolean().optional().describe('count only what is proven (default: false, what is declared counts)'),
  grade: GradeSchema.optional().describe('with proven: the least grade of its evidence; live is more than simulator'),
} as const;

/** `features.*`: what drivers declare, what is proven of it, and what a host has now (DESIGN 6). */
export const featureMethods = {
  'features.catalogue': defineMethod({
    kind: 'service',
    summary: 'List the features of the matrix.',
    params: z.strictObject({}),
    result: z.object({ features: z.array(CatalogueEntrySchema) }),
  }),
  'features.matrix': defineMethod({
    kind: 'service',
    summary:
      'Tell what drivers declare of every feature, and what is proven; or which drivers have the features named.',
    params: z.strictObject(query),
    result: z.object({
      schema_version: z.literal(1),
      version: z.string().describe('of this service'),
      catalogue: z.array(CatalogueEntrySchema),
      drivers: z.array(DriverFeaturesSchema),
      references: z
        .record(
          z.string(),
          z.object({ title: z.string(), source: z.string(), features: z.record(z.string(), LevelSchema) }),
        )
        .describe('what others say of theirs, to compare with'),
    }),
  }),
  'features.driver': defineMethod({
    kind: 'service',
    summary:
      'Tell what one driver or power type declares, what is proven with which evidence, and what a host has now.',
    params: z.strictObject({
      driver: NameSchema,
      kind: z
        .enum(['virt', 'power'])
        .optional()
        .describe('where a virt driver and a power type have the same name (default: the virt driver)'),
      host: HostNameSchema.optional().describe('a host of this driver: also what it has now'),
    }),
    result: z.object({
      ...driver,
      features: z.record(z.string(), ProvenCellSchema),
      available: AvailabilitySchema.optional(),
    }),
  }),
} as const;
