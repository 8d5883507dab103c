import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  HmcSimulator,
  hmcInventoryJsonSchema,
  InventoryError,
  type HmcInventoryInput,
} from '../../../src/simulators/hmc/index.js';
import { WireClient } from './hmc-client.js';
import { smallInventory } from './hmc-bench.js';

describe('inventories', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hmc-inventory-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const refused = async (text: string): Promise<InventoryError> => {
    const file = join(folder, 'inventory.yaml');
    await writeFile(file, text);
    return HmcSimulator.start({ inventoryFile: file, port: 0 }).then(
      async (simulator) => {
        await simulator.stop();
        throw new Error('the inventory was accepted');
      },
      (error: InventoryError) => error,
    );
  };

  it('the shipped one has 500 partitions on CPC2, every status on CPC1, and names that both have', async () => {
    const certificateFile = join(folder, 'hmc.pem');
    const simulator = await HmcSimulator.start({
      inventoryFile: 'simulators/hmc/two-cpcs.yaml',
      port: 0,
      certificateFile,
    });
    const client = new WireClient(simulator);
    try {
      expect(await readFile(certificateFile, 'utf8')).toBe(simulator.certificatePem);
      expect(simulator.certificatePem).not.toContain('PRIVATE');
      expect(simulator.partitions(undefined, 'CPC2')).toHaveLength(500);
      expect(simulator.partitions('lpar007', 'CPC2')).toHaveLength(1);
      expect(simulator.partitions('ubuntu01').map(({ cpc }) => cpc)).toEqual(['CPC1', 'CPC2']);
      const statuses = new Set(simulator.partitions(undefined, 'CPC1').map(({ status }) => status));
      expect([...statuses].sort()).toEqual([
        'active',
        'communications-not-active',
        'degraded',
        'paused',
        'reservation-error',
        'starting',
        'status-check',
        'stopped',
        'stopping',
        'terminated',
      ]);
      for (const [user, password] of [
        ['zenova', 'zenova-simulator'],
        ['reader', 'reader-simulator'],
        ['tenant', 'tenant-simulator'],
      ]) {
        await client.logOn(user, password);
      }
    } finally {
      client.close();
      await simulator.stop();
    }
  });

  it.each(['2.20', '2.23', '3.4', '4.1', '4.10', '4.40'])(
    'the one of LinuxONE starts at API %s, with what it promises',
    async (version) => {
      const inventory = parse(await readFile('simulators/hmc/linuxone.yaml', 'utf8')) as HmcInventoryInput;
      inventory.hmc = { ...inventory.hmc, api_version: version };
      const simulator = await HmcSimulator.start({ inventory, port: 0 });
      const client = new WireClient(simulator);
      try {
        const session = await client.logOn('zenova', 'zenova-simulator');
        const [locked] = simulator.partitions('locked');
        const { json } = await client.send('GET', locked?.uri ?? '', { session });
        expect(json).toMatchObject({ 'is-locked': true, status: 'active', 'boot-device': 'network-adapter' });
        expect(json?.['nic-uris']).toEqual([json?.['boot-network-device']]);
        const { json: list } = await client.send('GET', '/api/cpcs', { session });
        expect(list?.['cpcs']).toMatchObject(
          ['2.16.0', '2.17.0', '2.15.0', '2.16.0'].map((level) => ({ 'se-version': level })),
        );
      } finally {
        client.close();
        await simulator.stop();
      }
    },
  );

  it('gives the same object ids in every run', async () => {
    const uris = async (): Promise<string[]> => {
      const simulator = await HmcSimulator.start({ inventory: smallInventory(), port: 0 });
      await simulator.stop();
      return simulator.partitions().map(({ uri }) => uri);
    };
    const first = await uris();
    expect(await uris()).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
  });

  it('reports every mistake at once, each with its path', async () => {
    const error = await refused(`
hmc: { api_version: four }
users: [{ name: zenova }]
cpcs:
  - { name: CPC1, mode: dpm, partitions: [{ name: A, status: dancing }, { nmae: B }] }
  - { name: CPC2, mode: sideways }
faults: [{ kind: slow }]
`);
    expect(error).toBeInstanceOf(InventoryError);
    expect(error.issues.map((issue) => issue.split(':')[0])).toEqual([
      'hmc.api_version',
      'users[0].password',
      'cpcs[0].partitions[0].status',
      'cpcs[0].partitions[1].name',
      'cpcs[0].partitions[1]',
      'cpcs[1].mode',
      'faults[0].delay_ms',
    ]);
    expect(error.message).toContain('inventory.yaml is not a usable inventory');
  });

  it('reports contradictions between entries', async () => {
    const error = await refused(`
users:
  - { name: zenova, password: x }
  - { name: zenova, password: y, sees: [{ cpc: CPC9 }] }
cpcs:
  - name: CPC1
    mode: dpm
    partitions: [{ name: lpar2 }]
    generate: [{ pattern: 'lpar{n}', count: 2, nics: [{ name: a, adapter: none }, { name: a, adapter: osa1, port: 1 }] }]
    adapters: [{ name: osa1, type: osd, ports: 1 }, { name: osa1, type: fcp }]
  - { name: CPC1, mode: classic, logical_partitions: [{ name: A }, { name: A }] }
`);
    expect(error.issues).toEqual([
      'users[1].name: the name "zenova" is taken already',
      'cpcs[1].name: the name "CPC1" is taken already',
      'cpcs[0].partitions[2].name: the name "lpar2" is taken already',
      'cpcs[0].adapters[1].name: the name "osa1" is taken already',
      'cpcs[0].generate[0].nics[1].name: the name "a" is taken already',
      'cpcs[0].generate[0].nics[0].adapter: the CPC has no adapter "none" with a network port 0',
      'cpcs[0].generate[0].nics[1].adapter: the CPC has no adapter "osa1" with a network port 1',
      'cpcs[1].logical_partitions[1].name: the name "A" is taken already',
      'users[1].sees[0].cpc: there is no CPC "CPC9"',
    ]);
  });

  it('reports YAML that is none, and a file that is not there', async () => {
    expect((await refused('users: [')).issues[0]).toMatch(/line 1/);
    await expect(HmcSimulator.start({ inventoryFile: join(folder, 'none.yaml'), port: 0 })).rejects.toThrow(/ENOENT/);
  });

  it('ship with the JSON schema of the day', async () => {
    const kept: unknown = JSON.parse(await readFile('simulators/hmc/inventory.schema.json', 'utf8'));
    expect(kept).toEqual(JSON.parse(JSON.stringify(hmcInventoryJsonSchema())));
  });

  it('a port that is taken is an error of the start', async () => {
    const first = await HmcSimulator.start({ inventory: smallInventory(), port: 0 });
    try {
      const second = HmcSimulator.start({ inventory: smallInventory(), port: first.port });
      await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
    } finally {
      await first.stop();
    }
  });
});
