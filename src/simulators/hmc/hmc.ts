import type { Clock } from '../kit/clock.js';
import { ApiLevel } from './api-level.js';
import type { FindBootVolume } from './boot.js';
import type { Changes } from './changes.js';
import type { LparMachine } from './classic/lpar-machine.js';
import { AsciiConsoles } from './consoles/ascii-consoles.js';
import type { GuestSettings } from './consoles/guest-settings.js';
import type { Guests } from './consoles/guests.js';
import type { OsMessages } from './consoles/os-messages.js';
import type { PartitionDevices } from './devices.js';
import type { Estate } from './estate.js';
import type { HmcInventory, HmcSettings, Timing } from './inventory.schema.js';
import { Jobs } from './jobs.js';
import { Leftovers, watchJobs } from './leftovers.js';
import type { Machines } from './machines.js';
import { MetricsContexts } from './metrics/metrics-contexts.js';
import { Notifier } from './notifications/notifier.js';
import { Topics, type Topic } from './notifications/topics.js';
import type { PartitionMachine } from './partition-machine.js';
import { Sessions } from './sessions.js';
import type { Storage } from './storage/storage.js';

/** The simulated HMC without its network: what the handlers of the routes work on. */
export class Hmc {
  readonly settings: HmcSettings;
  /** Of partitions that have none of their own. */
  readonly timing: Timing;
  readonly level: ApiLevel;
  readonly leftovers: Leftovers;

  readonly changes: Changes;
  readonly devices: PartitionDevices;
  readonly estate: Estate;
  readonly machine: PartitionMachine;
  readonly lparMachine: LparMachine;
  readonly storage: Storage;
  readonly osMessages: OsMessages;
  readonly guestSettings: GuestSettings;
  readonly guests: Guests;

  readonly jobs: Jobs;
  readonly sessions: Sessions;
  readonly topics: Topics;
  readonly notifier: Notifier;
  readonly asciiConsoles: AsciiConsoles;
  readonly metrics: MetricsContexts;

  /** `name` tells the two HMCs of one estate apart. */
  constructor(
    inventory: HmcInventory,
    readonly clock: Clock,
    private readonly machines: Machines,
    name: string,
  ) {
    this.settings = { ...inventory.hmc, name };
    this.timing = inventory.timing;
    this.level = new ApiLevel(inventory.hmc.api_version, inventory.hmc.version);

    this.changes = machines.changes;
    this.devices = machines.devices;
    this.estate = machines.estate;
    this.machine = machines.machine;
    this.lparMachine = machines.lparMachine;
    this.storage = machines.storage;
    this.osMessages = machines.osMessages;
    this.guestSettings = machines.guestSettings;
    this.guests = machines.guests;

    this.jobs = new Jobs(this.changes);
    this.leftovers = new Leftovers(machines.leftovers);
    watchJobs(this.leftovers, this.jobs);
    this.sessions = new Sessions(inventory.users, inventory.hmc, clock);
    this.topics = new Topics(clock);
    this.notifier = this.#createNotifier();
    this.asciiConsoles = this.#createConsoles();
    this.metrics = new MetricsContexts(clock, this.estate);
    this.sessions.listen({
      started: (session) => this.topics.openFor(session),
      ended: (session) => {
        this.topics.end(session);
        this.asciiConsoles.sessionEnded(session);
        this.metrics.sessionEnded(session);
      },
    });
  }

  get findBootVolume(): FindBootVolume {
    return this.machines.findBootVolume;
  }

  /** What a restart of the HMC costs. The machines behind it, and what goes on in them, do not notice. */
  forgetVolatile(): void {
    this.sessions.dropAll();
    this.jobs.clear();
  }

  /** Stops all timers of the HMC, not those of the machines; for shutdown. */
  dispose(): void {
    this.sessions.dropAll();
  }

  #createNotifier(): Notifier {
    const notifier = new Notifier(
      this.topics,
      ({ uri }) => {
        const host = this.machines.guestHost(uri);
        return host === undefined ? null : { name: host.name, cpc: host.cpc.name };
      },
      (uri) => this.jobs.find(uri) !== undefined,
    );
    this.changes.subscribe((change) => notifier.tell(change));
    this.osMessages.subscribe((host, messages) => notifier.osMessages(host, messages));
    this.topics.listen({ subscribed: (topic) => this.#refresh(topic) });
    return notifier;
  }

  #createConsoles(): AsciiConsoles {
    return new AsciiConsoles({
      clock: this.clock,
      changes: this.changes,
      guests: this.guests,
      guestSettings: this.guestSettings,
      seats: this.machines.consoleSeats,
      hmcName: this.settings.name,
      takenReason: this.settings.console_taken_reason,
      findPartition: (id) => this.estate.partition(id),
    });
  }

  /** Who listens to OS messages gets those from before, when the channel was opened so. */
  #refresh(topic: Topic): void {
    const host = topic.channel?.includesRefresh === true ? this.machines.guestHost(topic.channel.uri) : undefined;
    if (host !== undefined) this.notifier.osMessages(host, this.osMessages.list(host), { only: topic });
  }
}
