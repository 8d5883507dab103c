import type { Clock } from '../kit/clock.js';
import { ApiLevel } from './api-level.js';
import type { FindBootVolume } from './boot.js';
import { Changes } from './changes.js';
import { LparMachine } from './classic/lpar-machine.js';
import { AsciiConsoles } from './consoles/ascii-consoles.js';
import { ConsoleSeats } from './consoles/console-seats.js';
import { guestMachines } from './consoles/guest-machines.js';
import { GuestSettings } from './consoles/guest-settings.js';
import { Guests } from './consoles/guests.js';
import { OsMessages, type GuestHost } from './consoles/os-messages.js';
import { PartitionDevices } from './devices.js';
import { Estate } from './estate.js';
import type { HmcInventory, HmcSettings, Timing } from './inventory.schema.js';
import { Jobs } from './jobs.js';
import { Leftovers, watchMachines, watchStorage } from './leftovers.js';
import { MetricsContexts } from './metrics/metrics-contexts.js';
import { Notifier } from './notifications/notifier.js';
import { Topics, type Topic } from './notifications/topics.js';
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
  readonly lparMachine: LparMachine;
  readonly storage: Storage;
  readonly topics: Topics;
  readonly notifier: Notifier;
  readonly osMessages: OsMessages;
  readonly guestSettings: GuestSettings;
  readonly guests: Guests;
  readonly asciiConsoles: AsciiConsoles;
  readonly metrics: MetricsContexts;

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
    this.lparMachine = new LparMachine(clock, this.estate);
    watchMachines(this.leftovers, this.estate, this.jobs);
    watchStorage(this.leftovers, this.storage.groups);
    this.topics = new Topics(clock);
    this.sessions.listen({
      started: (session) => this.topics.openFor(session),
      ended: (session) => this.topics.end(session),
    });
    this.notifier = new Notifier(
      this.topics,
      ({ uri }) => {
        const host = this.#guestHost(uri);
        return host === undefined ? null : { name: host.name, cpc: host.cpc.name };
      },
      (uri) => this.jobs.find(uri) !== undefined,
    );
    this.changes.subscribe((change) => this.notifier.tell(change));
    this.guestSettings = new GuestSettings(inventory);
    this.osMessages = new OsMessages(clock, inventory.hmc.os_message_limit);
    this.osMessages.subscribe((host, messages) => this.notifier.osMessages(host, messages));
    const machines = guestMachines(clock, this.machine, this.lparMachine);
    this.guests = new Guests(clock, this.osMessages, machines, this.changes, (uri) => this.#guestHost(uri));
    this.asciiConsoles = new AsciiConsoles({
      clock,
      changes: this.changes,
      guests: this.guests,
      guestSettings: this.guestSettings,
      seats: new ConsoleSeats(),
      hmcName: inventory.hmc.name,
      takenReason: inventory.hmc.console_taken_reason,
      findPartition: (id) => this.estate.partition(id),
    });
    this.metrics = new MetricsContexts(clock, this.estate);
    this.sessions.listen({
      ended: (session) => {
        this.asciiConsoles.sessionEnded(session);
        this.metrics.sessionEnded(session);
      },
    });
    this.topics.listen({ subscribed: (topic) => this.#refresh(topic) });
  }

  /** The partition or logical partition of this URI. */
  #guestHost(uri: string): GuestHost | undefined {
    const id = uri.split('/').at(-1) ?? '';
    return this.estate.partition(id) ?? this.estate.logicalPartition(id);
  }

  /** Who listens to OS messages gets those from before, when the channel was opened so. */
  #refresh(topic: Topic): void {
    const host = topic.channel?.includesRefresh === true ? this.#guestHost(topic.channel.uri) : undefined;
    if (host !== undefined) this.notifier.osMessages(host, this.osMessages.list(host), { only: topic });
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
    this.guests.dispose();
    this.machine.dispose();
    this.lparMachine.dispose();
    this.storage.dispose();
  }
}
