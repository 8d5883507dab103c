import type { Clock } from '../kit/clock.js';
import { ApiLevel } from './api-level.js';
import type { FindBootVolume } from './boot.js';
import { Changes } from './changes.js';
import { LparMachine } from './classic/lpar-machine.js';
import { ConsoleSeats } from './consoles/console-seats.js';
import { guestMachines } from './consoles/guest-machines.js';
import { GuestSettings } from './consoles/guest-settings.js';
import { Guests } from './consoles/guests.js';
import { OsMessages, type GuestHost } from './consoles/os-messages.js';
import { PartitionDevices } from './devices.js';
import { Estate } from './estate.js';
import type { HmcInventory, HmcSettings } from './inventory.schema.js';
import { Leftovers, watchMachines, watchStorage } from './leftovers.js';
import { PartitionMachine } from './partition-machine.js';
import { Storage } from './storage/storage.js';

/** The CPCs with all that is in them and goes on in them. One HMC or two look at them. */
export class Machines {
  readonly settings: HmcSettings;
  /** What happens, for those who tell clients of it. */
  readonly changes = new Changes();
  readonly devices = new PartitionDevices();
  readonly level: ApiLevel;
  readonly leftovers = new Leftovers();
  readonly estate: Estate;
  readonly machine: PartitionMachine;
  readonly lparMachine: LparMachine;
  readonly storage: Storage;
  readonly osMessages: OsMessages;
  readonly guestSettings: GuestSettings;
  readonly guests: Guests;
  readonly consoleSeats = new ConsoleSeats();

  constructor(inventory: HmcInventory, clock: Clock) {
    this.settings = inventory.hmc;
    this.level = new ApiLevel(inventory.hmc.api_version, inventory.hmc.version);
    this.estate = new Estate(inventory, this.changes, this.devices, this.level);
    watchMachines(this.leftovers, this.estate);
    this.storage = new Storage(inventory, this, clock);
    watchStorage(this.leftovers, this.storage.groups);
    this.machine = new PartitionMachine(clock, this);
    this.lparMachine = new LparMachine(clock, this.estate);
    this.guestSettings = new GuestSettings(inventory);
    this.osMessages = new OsMessages(clock, inventory.hmc.os_message_limit);
    const machines = guestMachines(clock, this.machine, this.lparMachine);
    this.guests = new Guests(clock, this.osMessages, machines, this.changes, (uri) => this.guestHost(uri));
  }

  get findBootVolume(): FindBootVolume {
    return this.storage.attachments.findBootVolume;
  }

  /** The partition or logical partition of this URI. */
  guestHost(uri: string): GuestHost | undefined {
    const id = uri.split('/').at(-1) ?? '';
    return this.estate.partition(id) ?? this.estate.logicalPartition(id);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.guests.dispose();
    this.machine.dispose();
    this.lparMachine.dispose();
    this.storage.dispose();
  }
}
