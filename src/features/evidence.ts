import { z } from 'zod';

const GradeSchema = z.enum(['live', 'simulator']);
/** What a scenario ran on: the product itself, or a simulator of it on a real socket. */
export type Grade = z.infer<typeof GradeSchema>;

const ScenarioSchema = z.strictObject({
  id: z.string().min(1),
  feature: z.string().min(1),
  kind: z.enum(['positive', 'limit', 'negative']),
  title: z.string().min(1),
  grade: GradeSchema,
  /** Name and version. */
  backend: z.string().min(1),
  result: z.enum(['passed', 'failed', 'skipped']),
});
export type Scenario = z.infer<typeof ScenarioSchema>;

/** What a conformance run proved of one driver or power type: a file under `evidence/`. */
export const EvidenceSchema = z.strictObject({
  schema_version: z.literal(1),
  driver: z.string().min(1),
  backends: z.array(z.strictObject({ name: z.string(), version: z.string(), grade: GradeSchema })),
  scenarios: z.array(ScenarioSchema),
});
export type Evidence = z.infer<typeof EvidenceSchema>;

/** The evidence there is, by driver. */
export type EvidenceByDriver = ReadonlyMap<string, Evidence>;
