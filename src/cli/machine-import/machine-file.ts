import { z } from 'zod';
import { isRecord } from '../../common/record.js';
import { Secret } from '../../common/secret.js';
import { NameSchema, PowerParametersSchema } from '../../compute/contract/index.js';
import { Mistakes, SecretReferences, inOurWords, parseSource, type Environment } from '../../config/index.js';
import type { MachineEntry } from './machine-entry.js';
import { readText } from './read-text.js';

const MachineSchema = z.strictObject({
  name: NameSchema,
  power_type: NameSchema,
  power_parameters: PowerParametersSchema.default({}),
});
const FileSchema = z.strictObject({ machines: z.array(MachineSchema) });

/**
 * Reads machines from a YAML file: `machines`, a list or a map by name, each with `power_type` and `power_parameters`. Any
 * parameter may be a reference, `{file: …}` or `{env: …}`, and a secret one must be.
 *
 * @throws ComputeError CONFIG_INVALID with every mistake and its place, none of them with a secret
 */
export function readMachineFile(file: string, environment: Environment): MachineEntry[] {
  const source = parseSource(readText(file), file);
  const isMap = isRecord(source.document['machines']);
  const names = isMap ? Object.keys(source.document['machines'] as object) : [];
  // Places are told as they stand in the file: in a map by name, in a list by number.
  const mistakes = new Mistakes(file, ([top, i, ...rest]) =>
    source.locate([...(top === undefined ? [] : [top]), ...(i === undefined ? [] : [placeOf(i, names)]), ...rest]),
  );
  const references = new SecretReferences(source.directory, environment, mistakes);
  const machines = listed(source.document['machines']).map((machine, i) =>
    isRecord(machine) ? withSecrets(machine, ['machines', i], references) : machine,
  );
  const written = { ...source.document, ...('machines' in source.document ? { machines } : {}) };
  const parsed = FileSchema.safeParse(written, inOurWords);
  mistakes.addFurtherIssues(parsed.error?.issues ?? [], FileSchema);
  const seen = new Set<unknown>();
  for (const [i, machine] of machines.entries()) {
    if (isMap && isRecord(machine) && machine['name'] !== names[i]) {
      mistakes.add(['machines', i, 'name'], `is not ${names[i]}, under which the machine stands here: leave it out`);
    }
    const name = isRecord(machine) ? machine['name'] : undefined;
    if (typeof name === 'string' && seen.has(name))
      mistakes.add(['machines', i, 'name'], 'is taken by another machine');
    seen.add(name);
  }
  mistakes.throwIfAny();
  if (!parsed.success) throw new Error('a schema failed without an issue');
  return parsed.data.machines.map(({ name, power_type: powerType, power_parameters: parameters }) => ({
    name,
    definition: { powerType, parameters },
  }));
}

function listed(machines: unknown): unknown[] {
  if (Array.isArray(machines)) return machines;
  if (!isRecord(machines)) return machines === undefined ? [] : [machines];
  return Object.entries(machines).map(([name, machine]) => (isRecord(machine) ? { name, ...machine } : machine));
}

/** A copy with what its parameters refer to. */
function withSecrets(
  machine: Record<string, unknown>,
  path: readonly (string | number)[],
  references: SecretReferences,
): Record<string, unknown> {
  const { power_parameters: written } = machine;
  if (!isRecord(written)) return machine;
  const here = [...path, 'power_parameters'];
  const resolved = references.resolveFields(written, here) as Record<string, unknown>;
  const parameters = Object.entries(resolved).flatMap(([name, value]): [string, unknown][] => {
    const found = references.resolveText(value, [...here, name]);
    return found === undefined ? [] : [[name, found instanceof Secret ? found.reveal() : found]];
  });
  return { ...machine, power_parameters: Object.fromEntries(parameters) };
}

function placeOf(part: string | number, names: readonly string[]): string | number {
  return typeof part === 'number' ? (names[part] ?? part) : part;
}
