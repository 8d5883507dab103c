import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { METHODS, type MethodProgress, type MethodResult } from '../../../src/compute/contract/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../../src/drivers/driver-registry.js';
import { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { WebhookSimulator } from '../../../src/simulators/webhook/index.js';
import { ComputeBench } from '../../support/compute-bench.js';

type Progress = MethodProgress<'power.query_many'>;

const PASSWORD = 'secret-of-sweep';
const LIST = '/api/console/operations/list-permitted-partitions';

let bench: ComputeBench;
let hmcs: HmcSimulator[];
let webhook: WebhookSimulator;
/** Takes connections and says nothing. */
let dead: Server;
const held: Socket[] = [];

beforeEach(async () => {
  bench = await ComputeBench.start({ drivers: VIRT_DRIVERS, powerTypes: POWER_TYPES, hosts: [] });
  hmcs = await Promise.all(
    ['HMC1', 'HMC2', 'HMC3'].map((name) =>
      HmcSimulator.start({
        port: 0,
        inventory: {
          hmc: { name },
          users: [
            { name: 'sweep', password: PASSWORD },
            { name: 'tenant', password: PASSWORD, sees: [{ cpc: 'CPC1', partitions: ['a000'] }] },
          ],
          cpcs: ['a', 'b'].map((letter, i) => ({
            name: `CPC${i + 1}`,
            mode: 'dpm' as const,
            generate: [{ pattern: `${letter}{n:3}`, count: 40, first: 0, statuses: ['active', 'stopped'] as const }],
          })),
        },
      }),
    ),
  );
  const machines = Array.from({ length: 40 }, (_, i) => ({ name: `w${i}`, status: 'running' as const }));
  webhook = await WebhookSimulator.start({ port: 0, inventory: { machines } });
  dead = createServer((socket) => void held.push(socket));
  dead.listen(0, '127.0.0.1');
  await once(dead, 'listening');
});
afterEach(async () => {
  for (const socket of held.splice(0)) socket.destroy();
  dead.close();
  await bench.discard();
  await webhook.stop();
  await Promise.all(hmcs.map((hmc) => hmc.stop()));
});

async function register(machine: string, type: string, parameters: object): Promise<void> {
  const request = { machine, power_type: type, power_parameters: parameters, skip_check: true };
  await bench.call('machine.register', request);
}

function partition(port: number, name: string, more: object = {}) {
  return {
    power_address: `127.0.0.1:${port}`,
    power_user: 'sweep',
    power_pass: PASSWORD,
    power_partition_name: name,
    power_verify_ssl: 'n',
    ...more,
  };
}

function addresses(url: string, name: string) {
  const base = `${url}/machines/${name}`;
  return { power_on_uri: `${base}/on`, power_off_uri: `${base}/off`, power_query_uri: `${base}/status` };
}

/** All partitions of all HMCs, and all machines of the webhook. */
async function registerAll(): Promise<void> {
  const partitions = hmcs.flatMap(({ port }, i) =>
    ['a', 'b'].flatMap((letter) =>
      Array.from({ length: 40 }, (_, n) => {
        const name = `${letter}${String(n).padStart(3, '0')}`;
        return register(`hmc${i}-${name}`, 'hmcz', partition(port, name));
      }),
    ),
  );
  const webhooks = Array.from({ length: 40 }, (_, n) =>
    register(`web-${n}`, 'webhook', addresses(webhook.url, `w${n}`)),
  );
  await Promise.all([...partitions, ...webhooks]);
}

async function query(params: object = {}, parts?: Progress[]): Promise<MethodResult<'power.query_many'>> {
  const progress = (part: unknown): void => void parts?.push(METHODS['power.query_many'].progress.parse(part));
  const asked = parts === undefined ? params : { ...params, stream: true };
  const meta = parts === undefined ? {} : { progress };
  return METHODS['power.query_many'].result.parse(await bench.call('power.query_many', asked, meta));
}

const requestsTo = (hmc: HmcSimulator): string[] =>
  hmc.wireLog.entries().map(({ method, path }) => `${method} ${path}`);

describe('a sweep over real sockets', () => {
  it('asks an HMC once for all partitions of all its CPCs, and a webhook once a machine', async () => {
    await registerAll();
    const { results, next } = await query({ limit: 1000 });
    expect(next).toBeNull();
    expect(results).toHaveLength(280);
    expect(results.filter(({ state, error }) => state === 'on' && error === null)).toHaveLength(3 * 40 + 40);
    expect(results.filter(({ state, error }) => state === 'off' && error === null)).toHaveLength(3 * 40);
    // In which mode its CPCs are is asked once in a session.
    for (const hmc of hmcs) expect(requestsTo(hmc)).toEqual(['POST /api/sessions', 'GET /api/cpcs', `GET ${LIST}`]);
    expect(webhook.wireLog.count()).toBe(40);
    expect(webhook.connections).toBeLessThanOrEqual(4);
    await query({ limit: 1000 });
    for (const hmc of hmcs) expect(requestsTo(hmc).slice(3)).toEqual([`GET ${LIST}`]);
  }, 180_000);

  it('lets a controller that takes connections and never answers delay its own machines alone', async () => {
    await registerAll();
    const { port } = dead.address() as AddressInfo;
    await Promise.all(Array.from({ length: 10 }, (_, i) => register(`dead-${i}`, 'hmcz', partition(port, `p${i}`))));
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        register(`mute-${i}`, 'webhook', addresses(`http://127.0.0.1:${port}`, `w${i}`)),
      ),
    );
    const parts: Progress[] = [];
    // Less than a connection may take to be made, which is another error.
    const { results } = await query({ limit: 1000, timeout_ms: 9000 }, parts);
    const failed = results.filter(({ error }) => error !== null);
    expect(failed.map(({ machine }) => machine?.slice(0, 5) ?? '').toSorted()).toEqual([
      ...Array.from({ length: 10 }, () => 'dead-'),
      ...Array.from({ length: 10 }, () => 'mute-'),
    ]);
    expect(new Set(failed.map(({ error }) => error?.code))).toEqual(new Set(['BACKEND_TIMEOUT']));
    // All others had been told before.
    const told = parts.flatMap((part) => part.results);
    expect(told.slice(0, 280).every(({ error }) => error === null)).toBe(true);
    // One connection for the HMC, four for the webhook.
    expect(held.length).toBeLessThanOrEqual(5);
  }, 180_000);

  it('sees with each user what that user may see, and says of each partition why it is not there', async () => {
    const [hmc] = hmcs;
    const port = hmc?.port ?? 0;
    await register('own', 'hmcz', partition(port, 'a000', { power_user: 'tenant' }));
    await register('other', 'hmcz', partition(port, 'a001', { power_user: 'tenant' }));
    await register('all', 'hmcz', partition(port, 'a001'));
    await register('wrong', 'hmcz', partition(port, 'a002', { power_pass: 'no-password' }));
    const { results } = await query();
    expect(Object.fromEntries(results.map(({ machine, state, error }) => [machine, error?.code ?? state]))).toEqual({
      own: 'on',
      other: 'INSTANCE_NOT_FOUND',
      all: 'off',
      wrong: 'BACKEND_AUTH_FAILED',
    });
    expect(JSON.stringify(results)).not.toContain(PASSWORD);
    expect(hmc?.wireLog.count({ path: LIST })).toBe(2);
    expect(hmc?.wireLog.logons()).toBe(3);
    // A refused logon is not tried again.
    await query();
    expect(hmc?.wireLog.logons()).toBe(3);
  });
});
