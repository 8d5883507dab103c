/** The variables of the process, as far as they are configuration. Nothing else in the code reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function processEnvironment(): Environment {
  return process.env;
}
