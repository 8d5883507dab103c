import { z } from 'zod';
import type { DomainCapabilities } from './domain-capabilities.js';
import { limited } from './refusal.js';
import { WordSchema } from './words.js';

const fields = {
  mode: z
    .enum(['host-model', 'host-passthrough', 'maximum', 'custom'])
    .describe(
      'host-model: the model of the host, by name; host-passthrough: its processor as it is; maximum: all that can be given; custom: the model that is named',
    ),
  model: WordSchema.optional().describe('model of the mode custom, as `virsh domcapabilities` on the host lists them'),
  features: z
    .array(z.strictObject({ name: WordSchema, policy: z.enum(['force', 'require', 'optional', 'disable', 'forbid']) }))
    .max(100)
    .optional()
    .describe('what it has beside its model (`require`), or lacks of it (`disable`)'),
};
const isWhole = ({ mode, model }: { mode: string; model?: string | undefined }): boolean =>
  (mode === 'custom') === (model !== undefined);
const MODEL_MISTAKE = { path: ['model'], message: 'goes with the mode custom, and with no other' };

/** The processor that guests of a host get. */
export const HostCpuSchema = z.strictObject(fields).refine(isWhole, MODEL_MISTAKE);

/** The processor that a guest is to have. */
export const CpuSchema = z
  .strictObject({
    ...fields,
    topology: z
      .strictObject({
        sockets: z.int().min(1).max(4096),
        cores: z.int().min(1).max(4096),
        threads: z.int().min(1).max(64),
      })
      .optional(),
  })
  .refine(isWhole, MODEL_MISTAKE);
export type CpuOptions = z.output<typeof CpuSchema>;

/** What guests get where nobody says otherwise; undefined: whatever the emulator gives. */
export function usualCpu(
  virtType: 'kvm' | 'qemu',
  { cpuModes }: Pick<DomainCapabilities, 'cpuModes'>,
): CpuOptions | undefined {
  const modes = virtType === 'kvm' ? (['host-model', 'host-passthrough'] as const) : (['maximum'] as const);
  const mode = modes.find((one) => cpuModes.has(one));
  return mode && { mode };
}

type Offers = Pick<DomainCapabilities, 'cpuModes' | 'cpuModels'>;

/** Why guests cannot have such a processor; undefined when they can. @param guests "x86_64 guests of type kvm on this host" */
export function lackingCpu(
  { mode, model }: CpuOptions,
  { cpuModes, cpuModels }: Offers,
  guests: string,
): { readonly field: 'mode' | 'model'; readonly reason: string } | undefined {
  if (!cpuModes.has(mode)) {
    const others = cpuModes.size === 0 ? 'none' : [...cpuModes].join(', ');
    return { field: 'mode', reason: `${guests} have no processors of mode ${mode}, but ${others}` };
  }
  if (model === undefined || cpuModels.get(model) === true) return undefined;
  if (!cpuModels.has(model)) return { field: 'model', reason: `${guests} know no processor model ${model}` };
  if (cpuModels.get(model) === undefined) return undefined;
  return { field: 'model', reason: `${guests} cannot have a processor of model ${model}` };
}

/** @param path where the processor stands. @throws ComputeError FEATURE_LIMITED */
export function requireCpu(path: string, cpu: CpuOptions, offers: Offers, guests: string): void {
  const lacking = lackingCpu(cpu, offers, guests);
  if (lacking !== undefined) throw limited(`${path}.${lacking.field}`, lacking.reason);
}
