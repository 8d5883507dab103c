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
  const required = new Set(params.required ?? []);
  const isMandatory = (field: string): boolean => required.has(field) && !takesFile(params);
  return Object.entries(params.properties ?? {})
    .filter(([field, node]) => !positionals.includes(field) && field !== 'power_parameters' && !isForFile(field, node))
    .map(([field, node]) => {
      const option = optionFor(field, node, isMandatory(field));
      if (isMandatory(field)) option.makeOptionMandatory();
      return { field, option };
    });
}

/** Has a request fields that can only be given in a file? */
export function takesFile({ properties = {} }: SchemaNode): boolean {
  return Object.entries(properties).some(([field, node]) => field !== 'power_parameters' && isForFile(field, node));
}

/** What is more than a word does not fit on a command line, and a secret is not for one, since every user can list processes. */
function isForFile(field: string, { type, items }: SchemaNode): boolean {
  return isSecretField(field) || type === 'object' || (type === 'array' && items?.type === 'object');
}

/** The option that names the file. */
export function fileOption({ properties = {} }: SchemaNode): Option {
  const fields = Object.entries(properties).filter(([field, node]) => isForFile(field, node));
  const names = fields.map(([field]) => field).join(', ');
  return new Option('--file <path>', `YAML or JSON with any fields of the request; only there: ${names}`);
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
