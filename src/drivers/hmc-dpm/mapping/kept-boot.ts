import { z } from 'zod';

/** What a rescue changes, or the HMC along with it, and unrescue gives back. No password is among it: the HMC never gives one. */
export const KEPT_PROPERTIES = [
  'boot-device',
  'boot-storage-volume',
  'boot-record-lba',
  'boot-storage-device',
  'boot-world-wide-port-name',
  'boot-logical-unit-number',
  'boot-network-device',
  'boot-removable-media',
  'boot-removable-media-type',
  'boot-configuration-selector',
  'boot-load-parameters',
  'boot-os-specific-parameters',
  'secure-boot',
] as const;

const ValueSchema = z.union([z.string().max(512), z.int(), z.boolean(), z.null()]);
const ValuesSchema = z.array(ValueSchema).length(KEPT_PROPERTIES.length);

export type BootValue = z.output<typeof ValueSchema>;
/** Boot settings by the HMC's names; those that an HMC does not have are missing. */
export type KeptBoot = Readonly<Partial<Record<(typeof KEPT_PROPERTIES)[number], BootValue | undefined>>>;

const MARK = /\[zenova-boot:([A-Za-z0-9+/=]+)\] ?/;

/** A description that keeps these boot settings, so that whoever comes later finds them; other marks stay at its end. */
export function keeping(boot: KeptBoot, description: string): string {
  const values = KEPT_PROPERTIES.map((name) => boot[name] ?? null);
  const text = Buffer.from(JSON.stringify(values)).toString('base64');
  return `[zenova-boot:${text}] ${forgotten(description)}`.trimEnd();
}

/** What a description keeps; undefined when it keeps nothing, or what nobody can read any more. */
export function keptIn(description: string): KeptBoot | undefined {
  const text = MARK.exec(description)?.[1];
  if (text === undefined) return undefined;
  try {
    const values = ValuesSchema.parse(JSON.parse(Buffer.from(text, 'base64').toString()));
    return Object.fromEntries(KEPT_PROPERTIES.map((name, i) => [name, values[i]]));
  } catch {
    return undefined;
  }
}

/** The description as it was before. */
export function forgotten(description: string): string {
  return description.replace(MARK, '');
}

/** Which settings have to be changed to be as they were; those that an HMC does not have are left alone. */
export function differing(now: KeptBoot, kept: KeptBoot): Record<string, BootValue> {
  const entries = KEPT_PROPERTIES.flatMap((name): [string, BootValue][] => {
    const before = kept[name] ?? null;
    return now[name] === undefined || now[name] === before ? [] : [[name, before]];
  });
  return Object.fromEntries(entries);
}
