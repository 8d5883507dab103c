import type { Clock } from '../kit/clock.js';
import { ApiLevel } from './api-level.js';
import { Changes } from './changes.js';
import { PartitionDevices } from './devices.js';
import { Estate } from './estate.js';
import type { HmcInventory, HmcSettings } from './inventory.schema.js';
import { Jobs } from './jobs.js';
import { PartitionMachine } from './partition-machine.js';
import { Sessions } from './sessions.js';

/** The simulated HMC without its network: what the handlers of the routes work on. */
export class Hmc {
  readonly settings: HmcSettings;
  readonly level: ApiLevel;
  /** What happens, for those who tell clients of it. */
  readonly changes = new Changes();
  readonly devices = new PartitionDevices();
  readonly estate: Estate;
  readonly jobs = new Jobs(this.changes);
  readonly sessions: Sessions;
  readonly machine: PartitionMachine;

  constructor(inventory: HmcInventory, clock: Clock) {
    this.settings = inventory.hmc;
    this.level = new ApiLevel(inventory.hmc.api_version);
    this.estate = new Estate(inventory, this.changes, this.devices, this.level);
    this.sessions = new Sessions(inventory.users, inventory.hmc, clock);
    this.machine = new PartitionMachine(clock, this.jobs, this.estate, this.devices);
  }

  /** What a restart of the HMC costs. The machines behind it, and what goes on in them, do not notice. */
  forgetVolatile(): void {
    this.sessions.dropAll();
    this.jobs.clear();
  }
}
