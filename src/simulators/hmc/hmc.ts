import type { Clock } from '../kit/clock.js';
import { ApiLevel } from './api-level.js';
import type { FindBootVolume } from './boot.js';
import { Changes } from './changes.js';
import { PartitionDevices } from './devices.js';
import { Estate } from './estate.js';
import type { HmcInventory, HmcSettings, Timing } from './inventory.schema.js';
import { Jobs } from './jobs.js';
import { Leftovers, watchMachines } from './leftovers.js';
import { Notifier } from './notifications/notifier.js';
import { Topics } from './notifications/topics.js';
import { PartitionMachine } from './partition-machine.js';
import { Sessions } from './sessions.js';
import { Storage } from './storage/storage.js';

/** The simulated HMC without its network: what the handlers of the routes work on. */
export class Hmc {
  readonly settings: HmcSettings;
  /** Of partitions that have none of their own. */
  readonly timing: Timing;
  readonly level: ApiLevel;
  /** What happens, for those who tell clients of it. */
  readonly changes = new Changes();
  readonly devices = new PartitionDevices();
  readonly leftovers = new Leftovers();
  readonly estate: Estate;
  readonly jobs = new Jobs(this.changes);
  readonly sessions: Sessions;
  readonly machine: PartitionMachine;
  readonly storage: Storage;
  readonly topics: Topics;
  readonly notifier: Notifier;

  constructor(
    inventory: HmcInventory,
    readonly clock: Clock,
  ) {
    this.settings = inventory.hmc;
    this.timing = inventory.timing;
    this.level = new ApiLevel(inventory.hmc.api_version, inventory.hmc.version);
    this.estate = new Estate(inventory, this.changes, this.devices, this.level);
    this.sessions = new Sessions(inventory.users, inventory.hmc, clock);
    this.storage = new Storage(inventory, this, clock);
    this.machine = new PartitionMachine(clock, this);
    watchMachines(this.leftovers, this.estate, this.jobs);
    this.topics = new Topics(clock);
    this.sessions.listen({
      started: (session) => this.topics.openFor(session),
      ended: (session) => this.topics.end(session),
    });
    this.notifier = new Notifier(
      this.topics,
      ({ uri }) => {
        const partition = this.estate.partition(uri.split('/').at(-1) ?? '');
        return partition === undefined ? null : { name: partition.name, cpc: partition.cpc.name };
      },
      (uri) => this.jobs.find(uri) !== undefined,
    );
    this.changes.subscribe((change) => this.notifier.tell(change));
  }

  get findBootVolume(): FindBootVolume {
    return this.storage.attachments.findBootVolume;
  }

  /** What a restart of the HMC costs. The machines behind it, and what goes on in them, do not notice. */
  forgetVolatile(): void {
    this.sessions.dropAll();
    this.jobs.clear();
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.sessions.dropAll();
    this.machine.dispose();
    this.storage.dispose();
  }
}
