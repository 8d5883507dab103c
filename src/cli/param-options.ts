import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { errorCodeOf } from '../common/errors/index.js';
import { holdsPassword, isSealedField, isSecretField } from '../common/secret.js';
import type { Environment } from '../config/index.js';
import type { Catalogue } from './cli-parts.js';

/** Parameters of a power type from the command line. */
export interface ParamOptions {
  readonly param?: readonly string[];
  readonly paramFile?: readonly string[];
  readonly paramEnv?: readonly string[];
}

interface Assignment {
  readonly name: string;
  readonly value: string;
}

/** What `power_parameters` looks like on the command line. A secret never stands there: every user can list processes. */
export function addParamOptions(command: Command): void {
  command
    .addOption(new Option('--param <name=value>', 'a parameter of the power type; again for a list').argParser(collect))
    .addOption(new Option('--param-file <name=path>', "a secret parameter: the file's text").argParser(collect))
    .addOption(
      new Option('--param-env <name=variable>', "a secret parameter: the variable's value").argParser(collect),
    );
}

/**
 * The parameters, with files and variables read; undefined when none is given.
 *
 * @throws InvalidArgumentError naming the parameter, never its value
 */
export async function readParams(
  given: ParamOptions,
  type: string | undefined,
  environment: Environment,
  catalogue: () => Promise<Catalogue>,
): Promise<Record<string, string | string[]> | undefined> {
  const param = assignments('--param', given.param);
  const paramFile = assignments('--param-file', given.paramFile);
  const paramEnv = assignments('--param-env', given.paramEnv);
  if (param.length + paramFile.length + paramEnv.length === 0) return undefined;
  const secrets = await secretNames(type, catalogue);
  for (const { name } of param) {
    if (!isSecretField(name) && !secrets.has(name)) continue;
    throw new InvalidArgumentError(
      `${name} is secret and is not given with --param, where every user of this machine could read it; ` +
        `use --param-file ${name}=PATH or --param-env ${name}=VARIABLE`,
    );
  }
  for (const { name, value } of param) {
    if (!isSealedField(name) || !holdsPassword(value)) continue;
    throw new InvalidArgumentError(
      `${name} holds a password, which every user of this machine could read there; ` +
        `use --param-file ${name}=PATH or --param-env ${name}=VARIABLE`,
    );
  }
  const values: Record<string, string | string[]> = {};
  for (const { name, value } of param) {
    const known = values[name];
    values[name] = known === undefined ? value : [known, value].flat();
  }
  for (const { name, value: path } of paramFile) values[name] = fileText(name, path);
  for (const { name, value: variable } of paramEnv) {
    const text = environment[variable];
    if (text === undefined) throw new InvalidArgumentError(`${name}: the variable ${variable} is not set`);
    values[name] = text;
  }
  return values;
}

async function secretNames(
  typeName: string | undefined,
  catalogue: () => Promise<Catalogue>,
): Promise<ReadonlySet<string>> {
  if (typeName === undefined) return new Set();
  const { powerTypes } = await catalogue();
  const parameters = powerTypes.find(({ name }) => name === typeName)?.parameters ?? [];
  return new Set(parameters.filter(({ secret }) => secret === true).map(({ name }) => name));
}

function fileText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new InvalidArgumentError(`${name}: ${path} cannot be read (${errorCodeOf(error) ?? 'unknown error'})`);
  }
}

function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

/** Taken apart here and not by commander, whose message would repeat a text that may be a secret without its name. */
function assignments(flag: string, texts: readonly string[] = []): Assignment[] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new InvalidArgumentError(`after ${flag} comes name=…`);
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  });
}
