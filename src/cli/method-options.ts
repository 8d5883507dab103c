import { InvalidArgumentError, Option } from 'commander';
import type { SchemaNode } from '../common/json-schema.js';
import { isSecretField } from '../common/secret.js';
import { OPTION_NAMES, wordOf } from './method-words.js';

/** A field of a request as an option. */
export interface FieldOption {
  readonly field: string;
  readonly option: Option;
}

/** The options for a method's fields, but for those given by place and those that only a file can hold. */
export function fieldOptions(params: SchemaNode, positionals: readonly string[]): FieldOption[] {
  const required = requiredFields(params);
  const elsewhere = new Set([...positionals, ...fileFields(params), 'power_parameters']);
  return Object.entries(params.properties ?? {})
    .filter(([field]) => !elsewhere.has(field))
    .map(([field, node]) => {
      const option = optionFor(field, node, required.has(field));
      if (required.has(field)) option.makeOptionMandatory();
      return { field, option };
    });
}

/** The fields that the command line must hold: none where a file may hold them. */
export function requiredFields(params: SchemaNode): ReadonlySet<string> {
  return new Set(fileFields(params).length > 0 ? [] : params.required);
}

/** The fields that can only be given in a file. */
export function fileFields({ properties = {} }: SchemaNode): string[] {
  return Object.entries(properties)
    .filter(([field, node]) => field !== 'power_parameters' && isForFile(field, node))
    .map(([field]) => field);
}

/** What is more than a word does not fit on a command line, and a secret is not for one, since every user can list processes. */
function isForFile(field: string, { type, items }: SchemaNode): boolean {
  return isSecretField(field) || type === 'object' || (type === 'array' && items?.type === 'object');
}

/** The option that names the file in which alone these fields can be given. */
export function fileOption(fields: readonly string[]): Option {
  return new Option('--file <path>', `YAML or JSON with any fields of the request; only there: ${fields.join(', ')}`);
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
