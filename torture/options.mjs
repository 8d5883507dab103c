import { parseArgs } from 'node:util';

/**
 * @typedef {object} Options
 * @property {number} seed
 * @property {number} operations
 * @property {'sqlite' | 'postgres'} database
 * @property {number} workers
 * @property {number} partitions of each of two CPCs
 * @property {number} inFlight requests under way at once
 * @property {number} minutes after which no further request is sent
 * @property {string | undefined} mutant
 * @property {boolean} mutants
 * @property {string[] | undefined} scenarios
 * @property {string | undefined} report
 * @property {boolean} keep
 * @property {boolean} verbose
 * @property {boolean} help
 */

export const usage = `npm run torture [-- OPTIONS]

  --seed N          repeats the decisions of an earlier run
  --operations N    requests to send, 1000 unless told otherwise
  --database NAME   sqlite (one worker) or postgres
  --workers N       workers on one queue, 3 unless told otherwise
  --partitions N    LPARs of each of two CPCs, 60
  --in-flight N     requests under way at once, 48
  --minutes N       send no further request after so long, 60
  --scenarios A,B   only these of the directed scenarios, or none
  --mutant NAME     break one safety of the service, which must be found out
  --mutants         all mutants, one after the other
  --report FILE     write what was found as JSON
  --keep            keep logs and the whole history also when all is well
  --verbose         tell each event`;

/** @param {string[]} args @returns {Options} */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      operations: { type: 'string', default: '1000' },
      database: { type: 'string', default: 'sqlite' },
      workers: { type: 'string' },
      partitions: { type: 'string', default: '60' },
      'in-flight': { type: 'string', default: '48' },
      minutes: { type: 'string', default: '60' },
      scenarios: { type: 'string' },
      mutant: { type: 'string' },
      mutants: { type: 'boolean', default: false },
      report: { type: 'string' },
      keep: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { database } = values;
  if (database !== 'sqlite' && database !== 'postgres')
    throw new TypeError(`--database ${database}: there are sqlite and postgres`);
  const workers = whole('workers', values.workers ?? (database === 'sqlite' ? '1' : '3'), 1);
  if (database === 'sqlite' && workers > 1)
    throw new TypeError('--workers: SQLite is for one worker; take --database postgres');
  return {
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole('seed', values.seed, 0),
    operations: whole('operations', values.operations, 0),
    database,
    workers,
    partitions: whole('partitions', values.partitions, 20),
    inFlight: whole('in-flight', values['in-flight'], 1),
    minutes: whole('minutes', values.minutes, 1),
    mutant: values.mutant,
    mutants: values.mutants,
    scenarios: values.scenarios?.split(',').filter((name) => name !== 'none'),
    report: values.report,
    keep: values.keep,
    verbose: values.verbose,
    help: values.help,
  };
}

/** @param {string} name @param {string} text @param {number} least */
function whole(name, text, least) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least)
    throw new TypeError(`--${name} ${text}: write a whole number, at least ${least}`);
  return value;
}
