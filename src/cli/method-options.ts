import { InvalidArgumentError, Option } from 'commander';
import type { SchemaNode } from '../common/json-schema.js';
import { OPTION_NAMES, wordOf } from './method-words.js';

/** A field of a request as an option. */
export interface FieldOption {
  readonly field: string;
  readonly option: Option;
}

/** The options for a method's fields, those given by place left out. */
export function fieldOptions(params: SchemaNode, positionals: readonly string[]): FieldOption[] {
  const required = new Set(params.required ?? []);
  return Object.entries(params.properties ?? {})
    .filter(([field]) => !positionals.includes(field) && field !== 'power_parameters')
    .map(([field, node]) => {
      const option = optionFor(field, node, required.has(field));
      if (required.has(field)) option.makeOptionMandatory();
      return { field, option };
    });
}

/** The flag of a field, for messages. */
export function flagOf(field: string): string {
  return `--${OPTION_NAMES[field] ?? wordOf(field)}`;
}

function optionFor(field: string, node: SchemaNode, isRequired: boolean): Option {
  const flag = flagOf(field);
  const description = node.description ?? '';
  if (node.type === 'boolean') {
    // What must be said is said either way; a flag could only say yes.
    return isRequired
      ? new Option(`${flag} <true|false>`, description).argParser(trueOrFalse)
      : new Option(flag, description);
  }
  if (node.enum !== undefined) {
    return new Option(`${flag} <choice>`, description).choices(node.enum.map(String));
  }
  switch (node.type) {
    case 'integer':
    case 'number':
      return new Option(`${flag} <number>`, description).argParser(number);
    case 'array':
      return new Option(`${flag} <value...>`, description);
    case 'object':
      return new Option(`${flag} <json>`, description).argParser(json);
    default:
      return new Option(`${flag} <${node.format === 'date-time' ? 'time' : 'text'}>`, description);
  }
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Write a number.');
}

function trueOrFalse(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('Write true or false.');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('Write a JSON object.');
  }
}
