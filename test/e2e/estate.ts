import { randomBytes } from 'node:crypto';
import { connect } from 'amqplib';
import { HmcSimulator, type HmcInventoryInput } from '../../src/simulators/hmc/index.js';
import { hmcHost } from '../support/hmc-host.js';
import { ServiceProcess, type ServiceProcessOptions } from '../support/service-process.js';

export const HMC_PASSWORD = 'canary-hmc-password';

/** Quick enough for tests, slow enough to be caught in the middle of a start. */
const INVENTORY: HmcInventoryInput = {
  timing: { start_ms: 600, paused_ms: 100, stop_ms: 300 },
  users: [{ name: 'zenova', password: HMC_PASSWORD }],
  cpcs: [
    {
      name: 'CPC1',
      mode: 'dpm',
      partitions: [
        { name: 'lpar1', status: 'stopped', properties: { 'boot-device': 'storage-volume' } },
        { name: 'lpar2', status: 'active', properties: { 'boot-device': 'storage-volume' } },
        { name: 'lpar3', status: 'stopped', properties: { 'boot-device': 'storage-volume' } },
      ],
    },
  ],
};

/** A simulated HMC and a service in front of it, on names of the broker that nobody else uses. */
export class Estate {
  readonly simulator: HmcSimulator;
  readonly service: ServiceProcess;
  readonly queue: string;
  readonly names: Pick<ServiceProcessOptions, 'group' | 'server' | 'deadQueue' | 'eventsExchange'>;
  readonly #url: string;

  private constructor(
    url: string,
    simulator: HmcSimulator,
    { hosts = {}, ...options }: Partial<ServiceProcessOptions>,
  ) {
    const run = randomBytes(6).toString('hex');
    this.#url = url;
    this.simulator = simulator;
    this.names = {
      group: `e2e-${run}`,
      server: `e2e-${run}`,
      deadQueue: `zenova.rpc.dead.e2e-${run}`,
      eventsExchange: `zenova.events.e2e-${run}`,
    };
    this.queue = `zenova.rpc.${this.names.group}`;
    this.service = new ServiceProcess({
      url,
      ...this.names,
      environment: { HMC_PASSWORD },
      hosts: {
        cpc1: hmcHost(simulator, { protect: ['lpar2'], settings: { request_timeout_ms: 5000 } }),
        fake: { driver: 'fake', settings: { change_delay_ms: 1500 } },
        ...hosts,
      },
      ...options,
    });
  }

  /**
   * @param options hosts are there beside the usual ones
   * @param inventory of the HMC, in place of the usual one
   */
  static async open(
    url: string,
    options: Partial<ServiceProcessOptions> = {},
    inventory: HmcInventoryInput = INVENTORY,
  ): Promise<Estate> {
    const simulator = await HmcSimulator.start({ inventory, port: 0 });
    return new Estate(url, simulator, options);
  }

  async start(): Promise<void> {
    await this.service.start();
    await this.service.ready();
  }

  async close(): Promise<void> {
    await this.service.discard();
    await this.simulator.stop();
    const connection = await connect(this.#url);
    const channel = await connection.createChannel();
    for (const queue of [this.queue, `zenova.rpc.server.${this.names.server}`, this.names.deadQueue]) {
      await channel.deleteQueue(queue);
    }
    await channel.deleteExchange(this.names.eventsExchange);
    await connection.close();
  }
}
