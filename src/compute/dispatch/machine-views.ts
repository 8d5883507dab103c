import { isoTime } from '../../common/clock.js';
import { definedOnly } from '../../common/defined-only.js';
import { toComputeError } from '../../common/errors/index.js';
import { bareAddress, isSealedField, isSecretField, redactText } from '../../common/secret.js';
import type { MachineFilter, MachineRecord, MachineStore } from '../../journal/machine-store.port.js';
import type { MachineView, MethodParams, MethodResult, PowerParameters } from '../contract/index.js';
import { seenAnswer } from './answers.js';
import { visibleMachines } from './visible-machines.js';

/** A registered machine as callers see it. */
export function machineView(record: MachineRecord): MachineView {
  const { name, powerType, controller, status, seen, revision } = record;
  const { parameters, error } = readable(record);
  return {
    name,
    power_type: powerType,
    power_parameters: openParameters(parameters),
    secret_parameters: Object.keys(parameters).filter(isSecretField),
    controller,
    status,
    error,
    ...(seen === null ? {} : seenAnswer(seen)),
    registered_by: record.registeredBy,
    registered_at: isoTime(record.registeredAt),
    updated_at: isoTime(record.updatedAt),
    revision,
  };
}

/** What cannot be decrypted is told as its error, so that it hides no other machine of a list. */
function readable(record: MachineRecord): Pick<MachineRecord, 'parameters' | 'error'> {
  try {
    const { parameters, error } = record;
    return { parameters, error };
  } catch (error) {
    const { code, message } = toComputeError(error);
    return { parameters: {}, error: { code, message } };
  }
}

/** Without what is secret, in addresses too. */
function openParameters(parameters: PowerParameters): PowerParameters {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => !isSecretField(name))
      .map(([name, value]) => [name, typeof value === 'string' ? shownText(name, value) : value]),
  );
}

function shownText(name: string, value: string): string {
  return isSealedField(name) ? bareAddress(value) : redactText(value);
}

/** A page of registered machines, of those that the caller may see. */
export async function machinePage(
  store: MachineStore,
  { after, limit = 100, ...filter }: MethodParams<'machine.list'>,
  sees: (record: MachineRecord) => boolean,
): Promise<MethodResult<'machine.list'>> {
  const found = await visibleMachines(limit + 1, sees, (last, count) =>
    store.list(machineFilter(filter), last?.name ?? after, count),
  );
  const page = found.slice(0, limit);
  return {
    machines: page.map(machineView),
    next: found.length > limit ? (page.at(-1)?.name ?? null) : null,
  };
}

type Filter = Partial<Pick<MethodParams<'machine.list'>, 'name' | 'power_type' | 'controller' | 'status' | 'state'>>;

export function machineFilter({ name, power_type: powerType, controller, status, state }: Filter): MachineFilter {
  return definedOnly({ name, powerType, controller, status, state });
}
