import { z } from 'zod';
import { parseBoundedText } from '../../common/bounded-json.js';
import { ComputeError, describeIssues } from '../../common/errors/index.js';
import { PowerParametersSchema } from '../../compute/contract/index.js';
import type { MachineEntry } from './machine-entry.js';
import { readText } from './read-text.js';

/** Of the answer to `maas $PROFILE machines read`; what else MAAS tells of a machine is left out. */
const MachinesSchema = z.array(
  z.object({
    system_id: z.string().min(1),
    hostname: z.string().min(1),
    fqdn: z.string().nullish(),
    power_type: z.string().nullish(),
  }),
);
type MaasMachine = z.output<typeof MachinesSchema>[number];

/** The answer to `maas $PROFILE machines power-parameters`: parameters by system id. */
const ParametersSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

/**
 * Reads the machines that a MAAS knows, from its answers to `machines read` and `machines power-parameters`. A machine has its
 * host name, or its full domain name where several have that.
 *
 * @throws ComputeError CONFIG_INVALID when a file is not what MAAS answers
 */
export function readMaasExport(machinesFile: string, parametersFile: string): MachineEntry[] {
  const machines = read(machinesFile, MachinesSchema, 'machines read');
  const parameters = read(parametersFile, ParametersSchema, 'machines power-parameters', { isPrivate: true });
  const taken = new Set<string>();
  return namesOf(machines).map(([machine, name]) => {
    if (taken.has(name)) return { name, definition: { problem: 'another machine of the file has this name, too' } };
    taken.add(name);
    return { name, definition: definitionOf(machine, parameters[machine.system_id]) };
  });
}

function definitionOf(
  { power_type: powerType }: MaasMachine,
  given: Record<string, unknown> | undefined,
): MachineEntry['definition'] {
  if (powerType === null || powerType === undefined || powerType === '') {
    return { problem: 'MAAS has no power type for it' };
  }
  if (given === undefined) return { problem: 'its power parameters are not in the file' };
  // MAAS has an empty text where nobody filled anything in.
  const filled = Object.entries(given).filter(([, value]) => value !== null && value !== '');
  const parameters = PowerParametersSchema.safeParse(Object.fromEntries(filled));
  if (parameters.success) return { powerType, parameters: parameters.data };
  return { problem: `power_parameters: ${describeIssues(parameters.error.issues).text}` };
}

function namesOf(machines: readonly MaasMachine[]): [MaasMachine, string][] {
  const count = new Map<string, number>();
  for (const { hostname } of machines) count.set(hostname, (count.get(hostname) ?? 0) + 1);
  return machines.map((machine) => {
    const { hostname, fqdn, system_id: id } = machine;
    return [machine, count.get(hostname) === 1 ? hostname : (fqdn ?? `${hostname}.${id}`)];
  });
}

function read<S extends z.ZodType>(
  file: string,
  schema: S,
  command: string,
  options: { readonly isPrivate?: boolean } = {},
): z.output<S> {
  const json = parseBoundedText(readText(file, options));
  const parsed = json.kind === 'value' ? schema.safeParse(json.value) : undefined;
  if (parsed?.success === true) return parsed.data;
  const why = parsed === undefined ? 'it is no JSON' : describeIssues(parsed.error.issues).text;
  throw new ComputeError('CONFIG_INVALID', `${file} is not what "maas $PROFILE ${command}" prints: ${why}`);
}
