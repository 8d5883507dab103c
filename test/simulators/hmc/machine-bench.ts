import type { HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import { HmcBench } from './hmc-bench.js';

type CpcInput = Extract<HmcInventoryInput['cpcs'][number], { mode: 'dpm' }>;

const USERS: HmcInventoryInput['users'] = [
  { name: 'zenova', password: 'secret-of-zenova' },
  { name: 'reader', password: 'secret-of-reader', tasks: [] },
  {
    name: 'tenant',
    password: 'secret-of-tenant',
    sees: [{ cpc: 'CPC1', partitions: ['LPAR1'], adapters: ['osa1', 'fcp1'] }],
  },
];

/** Two CPCs with adapters that have short names: CPC1 of a generation with virtual switches, CPC2 a z17. */
export function machineInventory(
  cpc: Partial<CpcInput> = {},
  more: Partial<HmcInventoryInput> = {},
): HmcInventoryInput {
  const adapters: CpcInput['adapters'] = [
    { name: 'osa1', adapter_id: '100', type: 'osd', virtual_switches: ['vs1', 'vs2'] },
    { name: 'osa2', adapter_id: '104', type: 'osd', ports: 1 },
    { name: 'hs1', adapter_id: '7c0', type: 'hipersockets' },
    { name: 'roce1', adapter_id: '108', type: 'roce' },
    { name: 'fcp1', adapter_id: '110', type: 'fcp' },
    { name: 'spare', adapter_id: '114', type: 'not-configured' },
    { name: 'crypto1', adapter_id: '118', type: 'crypto' },
  ];
  return {
    timing: { start_ms: 2000, paused_ms: 500, stop_ms: 1000, psw_restart_ms: 300, dump_ms: 700 },
    users: USERS,
    cpcs: [
      {
        name: 'CPC1',
        mode: 'dpm',
        adapters,
        partitions: [
          {
            name: 'LPAR1',
            nics: [{ name: 'boot', adapter: 'osa1', vlan: 7, mac: '02:00:00:00:00:01' }],
            properties: { 'boot-device': 'network-adapter', 'boot-network-device': 'boot' },
          },
          { name: 'LPAR2' },
          { name: 'secure', type: 'ssc' },
          { name: 'moving', status: 'starting' },
        ],
        ...cpc,
      },
      { name: 'CPC2', mode: 'dpm', generation: 'z17', adapters, partitions: [{ name: 'next' }] },
      { name: 'CPC3', mode: 'classic' },
    ],
    ...more,
  };
}

type Fields = Record<string, unknown>;

/** A bench with a session, and with the requests that tests of partitions and devices make all the time. */
export class MachineBench {
  private constructor(
    readonly hmc: HmcBench,
    readonly session: string,
  ) {}

  static async start(inventory: HmcInventoryInput = machineInventory()): Promise<MachineBench> {
    const hmc = await HmcBench.start(inventory);
    return new MachineBench(hmc, await hmc.client.logOn());
  }

  get simulator() {
    return this.hmc.simulator;
  }

  as(session: string): MachineBench {
    return new MachineBench(this.hmc, session);
  }

  /** The answer's body, empty when it has none; throws when the status is another one. */
  async ask(method: string, path: string, json?: unknown, expected = [200, 201, 202, 204]): Promise<Fields> {
    const answer = await this.hmc.client.send(method, path, {
      session: this.session,
      ...(json === undefined ? {} : { json }),
    });
    if (!expected.includes(answer.status)) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.json ?? {};
  }

  /** `404,2`, or the status of an answer that is no refusal. */
  async code(method: string, path: string, json?: unknown): Promise<string> {
    const answer = await this.hmc.client.send(method, path, {
      session: this.session,
      ...(json === undefined ? {} : { json }),
    });
    const reason = answer.json?.['reason'];
    return reason === undefined ? String(answer.status) : `${answer.status},${Number(reason)}`;
  }

  get(path: string): Promise<Fields> {
    return this.ask('GET', path);
  }

  uri(partition: string, cpc = 'CPC1'): string {
    return this.hmc.uri(partition, cpc);
  }

  async cpcUri(name = 'CPC1'): Promise<string> {
    const { cpcs } = (await this.get(`/api/cpcs?name=${name}`)) as { cpcs: { 'object-uri': string }[] };
    return cpcs[0]?.['object-uri'] ?? '';
  }

  /** URI of an adapter or of a virtual switch. */
  async part(kind: 'adapters' | 'virtual-switches', name: string, cpc = 'CPC1'): Promise<string> {
    const list = await this.get(`${await this.cpcUri(cpc)}/${kind}?name=${encodeURIComponent(name)}`);
    return (list[kind] as { 'object-uri': string }[])[0]?.['object-uri'] ?? '';
  }

  /** Creates a NIC and returns its URI. */
  async nic(partition: string, fields: Fields, cpc = 'CPC1'): Promise<string> {
    const created = await this.ask('POST', `${this.uri(partition, cpc)}/nics`, fields, [201]);
    return String(created['element-uri']);
  }

  /** Starts or stops a partition and lets the time pass that it takes. */
  async power(operation: string, partition: string, cpc = 'CPC1'): Promise<void> {
    await this.ask('POST', `${this.uri(partition, cpc)}/operations/${operation}`);
    this.hmc.clock.advance(10_000);
  }

  stop(): Promise<void> {
    return this.hmc.stop();
  }
}
