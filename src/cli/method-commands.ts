import type { Command } from 'commander';
import type { z } from 'zod';
import { describeIssues } from '../common/errors/index.js';
import { describeSchema } from '../common/json-schema.js';
import {
  METHODS,
  METHOD_NAMES,
  type MethodName,
  type MethodParams,
  type MethodResult,
} from '../compute/contract/index.js';
import type { MethodInput } from '../client/index.js';
import type { CliParts } from './cli-parts.js';
import { globalOptionsOf, type GlobalOptions } from './global-options.js';
import { invoke } from './invoke.js';
import { fieldOptions, fileFields, fileOption, flagOf, requiredFields } from './method-options.js';
import { ALIASES, EXAMPLES, GROUPS, POSITIONALS, wordOf, type GroupName } from './method-words.js';
import { NotOk } from './not-ok.js';
import { addParamOptions, readParams, type ParamOptions } from './param-options.js';
import { readRequestFile } from './request-file.js';
import { viewOf } from './result-views.js';
import { renderTable, widthOf } from './table.js';
import { whenUsed } from './when-used.js';

/** What carries methods out that are more on the command line than one request and its answer. */
export type MethodRuns = {
  readonly [M in MethodName]?: (params: MethodParams<M>, options: GlobalOptions, parts: CliParts) => Promise<void>;
};

export interface GroupOptions {
  readonly runs?: MethodRuns;
  /** The method that the group stands for when no verb follows. */
  readonly byItself?: MethodName;
}

/** Adds a group and, as its verbs, every RPC method of its namespace. */
export function addMethodGroup(
  program: Command,
  name: GroupName,
  parts: CliParts,
  { runs = {}, byItself }: GroupOptions = {},
): Command {
  const { namespace, description } = GROUPS[name];
  const group = program.command(name).description(description);
  for (const method of METHOD_NAMES) {
    if (method.startsWith(`${namespace}.`))
      addMethod(group, namespace, method, parts, { run: runs[method], isDefault: method === byItself });
  }
  return group;
}

/** Prints an answer: a table for people, data for programs. */
export function printResult<M extends MethodName>(
  method: M,
  result: MethodResult<M>,
  isJson: boolean,
  { stdout }: Pick<CliParts, 'stdout'>,
): void {
  stdout.write(isJson ? `${JSON.stringify(result, null, 2)}\n` : renderTable(viewOf(method, result), widthOf(stdout)));
}

/** Makes a wrong use of a command known the way commander does, with exit code 2. */
export function usageError(command: Command, message: string): never {
  return command.error(`error: ${message}\nTry: ${commandPath(command)} --help`, { exitCode: 2, code: 'zenova.usage' });
}

function addMethod<M extends MethodName>(
  group: Command,
  namespace: string,
  method: M,
  parts: CliParts,
  { run, isDefault }: { readonly run: MethodRuns[M]; readonly isDefault: boolean },
): void {
  const { summary } = METHODS[method];
  const schema: z.ZodType = METHODS[method].params;
  const command = group.command(wordOf(method.slice(namespace.length + 1)), { isDefault }).description(summary);
  const alias = ALIASES[method];
  if (alias !== undefined) command.alias(alias);
  const request = whenUsed(group, command, () => takeRequest(command, namespace, schema, parts));
  const examples = EXAMPLES[method];
  if (examples !== undefined) command.addHelpText('after', examplesText(examples));

  command.action(async () => {
    const { fields, read } = request();
    const asked = await read();
    const globals = globalOptionsOf(command);
    if (run !== undefined) return run(asked as MethodParams<M>, globals, parts);
    const result = await invoke(method, asked as MethodInput<M>, globals, parts);
    printResult(method, result, globals.json === true, parts);
    if ('next' in result && typeof result.next === 'string' && globals.json !== true) {
      const flag = fields.includes('after') ? '--after' : '--before';
      parts.stderr.write(`there are more; go on with ${flag} ${JSON.stringify(result.next)}\n`);
    }
    if ('ok' in result && !result.ok) throw new NotOk();
  });
}

/**
 * Lets a command take a request: some fields by place, some as options, the rest in a file.
 *
 * @param namespace decides what is given by place
 * @returns the names of its fields, and what reads it once the command is carried out
 */
export function takeRequest<Params>(
  command: Command,
  namespace: string,
  schema: z.ZodType<Params>,
  parts: CliParts,
): { readonly fields: readonly string[]; readonly read: () => Promise<Params> } {
  const params = describeSchema(schema);
  const fields = Object.keys(params.properties ?? {});
  const places = (POSITIONALS[namespace] ?? []).filter((field) => fields.includes(field));
  const required = requiredFields(params);
  const inFile = fileFields(params);
  for (const field of places) {
    const word = wordOf(field);
    command.argument(required.has(field) ? `<${word}>` : `[${word}]`, params.properties?.[field]?.description ?? '');
  }
  const options = fieldOptions(params, places);
  for (const { option } of options) command.addOption(option);
  if (inFile.length > 0) command.addOption(fileOption(inFile));
  if (fields.includes('power_parameters')) addParamOptions(command);

  const read = async (): Promise<Params> => {
    const given = command.opts<Record<string, unknown> & ParamOptions & { readonly file?: string }>();
    const asked: Record<string, unknown> = {};
    places.forEach((field, i) => {
      if (command.args[i] !== undefined) asked[field] = command.args[i];
    });
    for (const { field, option } of options) {
      const value = given[option.attributeName()];
      if (value !== undefined) asked[field] = value;
    }
    if (fields.includes('power_parameters')) {
      const parameters = await readParamsOf(command, given, asked['power_type'], parts);
      if (parameters !== undefined) asked['power_parameters'] = parameters;
    }
    return given.file === undefined
      ? checkedRequest(command, schema, asked, places)
      : readRequestFile(given.file, asked, schema, parts.environment);
  };
  return { fields, read };
}

function checkedRequest<Params>(
  command: Command,
  schema: z.ZodType<Params>,
  asked: object,
  places: readonly string[],
): Params {
  const checked = schema.safeParse(asked);
  return checked.success ? checked.data : usageError(command, mistakesText(checked.error.issues, places));
}

async function readParamsOf(command: Command, given: ParamOptions, type: unknown, parts: CliParts) {
  try {
    const typeName = typeof type === 'string' ? type : undefined;
    return await readParams(given, typeName, parts.environment, parts.catalogue);
  } catch (error) {
    return usageError(command, error instanceof Error ? error.message : String(error));
  }
}

/** A schema's mistakes in the words of the command line. */
export function mistakesText(issues: Parameters<typeof describeIssues>[0], places: readonly string[]): string {
  const mistakes = describeIssues(issues).details as { path: string; message: string }[];
  return mistakes
    .map(({ path, message }) => {
      if (path === '') return message;
      return `${places.includes(path) ? `<${wordOf(path)}>` : flagOf(path)}: ${message}`;
    })
    .join('; ');
}

export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`;
}

function commandPath(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}
