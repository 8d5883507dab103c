import type { ZenovaClient } from '../client/index.js';
import { ComputeError } from '../common/errors/index.js';
import type { OperationView } from '../compute/contract/index.js';

/** Where the tour writes. */
export type Print = (line: string) => void;

const HOST = 'cpc1';
const LPAR = 'web01';
/** The host of the estate that makes instances. */
const MAKER = 'fake1';
const MADE = 'tour01';

/**
 * A tour of the service, over AMQP like any caller's: what drivers can do, which LPARs there are, one switched off and
 * on, a request repeated, two that fail, and an instance made and ended. Throws when anything is not as it should be.
 */
export async function tour(client: ZenovaClient, print: Print): Promise<void> {
  const step = (title: string): void => print(`\n== ${title}`);

  step('What can the drivers do? (features.matrix)');
  const matrix = await client.call('features.matrix', {});
  for (const { driver, title, features } of matrix.drivers) {
    const levels = Object.values(features).map(({ level }) => level);
    const counts = [...new Set(levels)].toSorted().map((level) => {
      const { length } = levels.filter((other) => other === level);
      return `${length} ${level}`;
    });
    print(`${driver.padEnd(8)} ${title}: ${counts.join(', ')}`);
  }

  step(`Which LPARs does ${HOST} have? (compute.list_instances)`);
  const { instances } = await client.call('compute.list_instances', { host: HOST });
  for (const { name, power_state: state, native_state: native } of instances)
    print(`${name.padEnd(16)} ${state.padEnd(9)} ${native}`);

  step(`Switch ${LPAR} off (compute.power_off)`);
  const off = await client.call('compute.power_off', { host: HOST, instance: LPAR }, { onOperation: progress(print) });
  print(`outcome ${off.outcome}, now ${off.power_state}`);
  expect(off.power_state === 'shutdown', `${LPAR} is not off`);

  step(`Switch ${LPAR} on (compute.power_on)`);
  const request = { host: HOST, instance: LPAR, idempotency_key: `tour-${String(off.operation_id)}` };
  const on = await client.call('compute.power_on', request, { onOperation: progress(print) });
  print(`outcome ${on.outcome}, now ${on.power_state}, operation ${on.operation_id}`);
  expect(on.power_state === 'running', `${LPAR} is not on`);

  step('The same request again: the answer comes from the journal');
  const again = await client.call('compute.power_on', request);
  print(`outcome ${again.outcome}, operation ${again.operation_id}`);
  expect(again.operation_id === on.operation_id, 'the repeat was carried out as a new operation');

  step('Ask for its state, as a machine (power.query)');
  const { state, native_state: native } = await client.call('power.query', { host: HOST, instance: LPAR });
  print(`${LPAR} is ${state} (${native})`);

  step('An LPAR that does not exist');
  await refused(print, 'INSTANCE_NOT_FOUND', () =>
    client.call('compute.power_on', { host: HOST, instance: 'no-such-lpar' }),
  );

  step('Something that DPM cannot do');
  await refused(print, 'FEATURE_UNSUPPORTED', () => client.call('compute.pause', { host: HOST, instance: LPAR }));

  step(`Make an instance of a description on ${MAKER} (compute.spawn)`);
  const made = await client.call(
    'compute.spawn',
    {
      host: MAKER,
      name: MADE,
      flavor: { vcpus: 2, memory_mib: 4096, root_gib: 20 },
      image: { source: 'debian-13' },
      networks: [{ name: 'lan' }],
    },
    { onOperation: progress(print) },
  );
  print(`outcome ${made.outcome}, ${made.name} is ${made.power_state}`);
  expect(made.power_state === 'running', `${MADE} does not run`);

  step('End it: only what was made or adopted here can be (compute.destroy)');
  const ended = await client.call('compute.destroy', { host: MAKER, instance: MADE }, { onOperation: progress(print) });
  print(`outcome ${ended.outcome}`);
  const { instances: left } = await client.call('compute.list_instances', { host: MAKER });
  expect(!left.some(({ name }) => name === MADE), `${MADE} is still there`);

  print('\nThat was the tour. `npm start` serves the same estate; the README shows how to call it.');
}

/** Prints each piece of news about an operation once. */
function progress(print: Print): (operation: OperationView) => void {
  let last = '';
  return ({ state, progress: news }) => {
    const line =
      news === null || state !== 'running'
        ? state
        : `${state}: ${news.message}${news.percent === null ? '' : ` (${news.percent} %)`}`;
    if (line !== last) print(`  … ${line}`);
    last = line;
  };
}

async function refused(print: Print, code: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ComputeError) || error.code !== code) throw error;
    print(`refused, as it should be: ${error.code}: ${error.message}`);
    return;
  }
  throw new Error(`expected ${code}, got an answer`);
}

function expect(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
