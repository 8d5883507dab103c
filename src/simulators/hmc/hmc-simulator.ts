import { setTimeout } from 'node:timers/promises';
import {
  createCertificate,
  describeCertificate,
  publishCertificate,
  type ServerCertificate,
} from '../kit/certificate.js';
import { pause, SystemClock, type Clock } from '../kit/clock.js';
import { HttpsListener, type Answer, type ReceivedRequest } from '../kit/https-listener.js';
import { checkInventory } from '../kit/inventory-loader.js';
import { hostInUrl, inventoryOf, type StartOptions } from '../kit/start-options.js';
import {
  CONTROL_PREFIX,
  serveControl,
  type FulfilOptions,
  type PartitionView,
  type SimulatorControl,
} from './control-endpoint.js';
import type { AdapterStatus } from './adapters/adapter.schema.js';
import type { BootRecord } from './boot-record.js';
import type { Changes } from './changes.js';
import type { Adapter, Partition } from './model.js';
import { HmcFaultSchema, type HmcFault, type HmcFaultInput } from './fault.schema.js';
import { HmcApi } from './hmc-api.js';
import { createHmcFaults, type HmcFaults } from './hmc-faults.js';
import { HmcWireLog } from './hmc-wire-log.js';
import { Hmc } from './hmc.js';
import { Machines } from './machines.js';
import { HmcInventorySchema, type HmcInventory, type HmcInventoryInput } from './inventory.schema.js';
import type { Job } from './jobs.js';
import type { LogEntry } from './notifications/notifier.js';
import { upgradeToConsoles } from './consoles/console-sockets.js';
import type { GuestHost, OsMessage, OsMessageOptions } from './consoles/os-messages.js';
import { FrameLog } from './notifications/frame-log.js';
import { StompListener } from './notifications/stomp-listener.js';
import type { LogonRecord } from './sessions.js';
import type { StorageGroup } from './storage/storage-group.js';
import type { StorageGroupView } from './storage/storage.js';
import type { PartitionStatus, StartEnd } from './statuses.js';

/** The port of the Web Services API (hmc-dpm.md section 1). */
export const HMC_PORT = 6794;

/** The port of notifications over STOMP. */
const STOMP_PORT = 61_612;

const MOST_ATTEMPTS_TO_LISTEN = 100;

export type HmcSimulatorOptions = StartOptions<HmcInventoryInput> & {
  /** Own key and certificate in place of a self-signed one made at start. */
  tls?: { keyPem: string; certificatePem: string };
  /** Whether `/simulator/…` is served on the same port, default true. It asks for no credentials. */
  isControlEnabled?: boolean;
  /** Where the bytes of mounted ISO images go, each as long as it is mounted; absent: only size and hash are kept. */
  isoFolder?: string;
  /** Of the STOMP server; otherwise that of the inventory, 61612, or a free one when `port` is 0. */
  stompPort?: number;
};

interface SimulatorParts {
  readonly inventory: HmcInventory;
  readonly certificate: ServerCertificate;
  readonly host: string;
  readonly clock: Clock;
  readonly isControlEnabled: boolean;
  readonly isoFolder: string | null;
}

/** The port of the other HMC, beside a given one or a free one. */
const next = (port: number): number => (port === 0 ? 0 : port + 1);
/** A NIC as it is, whoever asks. */
export interface NicView {
  readonly name: string;
  readonly adapter: string;
  readonly mac: string;
  readonly vlan: number | null;
}

/** An HMC on a real TLS socket. See the README of this folder for what it does and how faithful it is. */
export class HmcSimulator implements SimulatorControl {
  readonly wireLog = new HmcWireLog();
  readonly frameLog = new FrameLog();
  readonly #faults: HmcFaults;
  readonly #hmc: Hmc;
  readonly #api: HmcApi;
  #listener: HttpsListener;
  #stomp: StompListener;
  #port = 0;
  #stompPort = 0;
  #isStopped = false;
  #restarting: Promise<void> | null = null;
  readonly #stop = new AbortController();
  private readonly clock: Clock;

  #peer: HmcSimulator | null = null;

  private constructor(
    private readonly machines: Machines,
    name: string,
    private readonly parts: SimulatorParts,
  ) {
    const { inventory, clock, isoFolder } = parts;
    this.clock = clock;
    this.#hmc = new Hmc(inventory, clock, machines, name);
    this.#faults = createHmcFaults(inventory.faults);
    this.#api = new HmcApi(this.#hmc, this.#faults, this.wireLog, clock, isoFolder);
    this.#listener = this.#createListener();
    this.#stomp = this.#createStomp();
  }

  /** Rejects with an InventoryError, or with the error of the socket when the port is taken. */
  static async start(options: HmcSimulatorOptions): Promise<HmcSimulator> {
    const inventory = await inventoryOf(HmcInventorySchema, options);
    const host = options.host ?? '127.0.0.1';
    const certificate =
      options.tls === undefined
        ? await createCertificate(inventory.hmc.name, [host])
        : describeCertificate(options.tls.keyPem, options.tls.certificatePem);
    if (options.certificateFile !== undefined) await publishCertificate(certificate, options.certificateFile);
    const parts: SimulatorParts = {
      inventory,
      certificate,
      host,
      clock: options.clock ?? new SystemClock(),
      isControlEnabled: options.isControlEnabled ?? true,
      isoFolder: options.isoFolder ?? null,
    };
    const machines = new Machines(inventory, parts.clock);
    const { redundant, stomp, name } = inventory.hmc;
    const port = options.port ?? HMC_PORT;
    const stompPort = options.stompPort ?? stomp.port ?? (port === 0 ? 0 : STOMP_PORT);
    const simulator = new HmcSimulator(machines, name, parts);
    try {
      await simulator.#listen(port, stompPort);
      if (redundant !== undefined) {
        simulator.#peer = new HmcSimulator(machines, redundant.name, parts);
        await simulator.#peer.#listen(redundant.port ?? next(port), redundant.stomp_port ?? next(stompPort));
      }
    } catch (error) {
      await simulator.stop();
      throw error;
    }
    return simulator;
  }

  /** The other HMC of the same machines, with sessions, jobs and topics of its own; null unless the inventory has one. */
  get peer(): HmcSimulator | null {
    return this.#peer;
  }

  get port(): number {
    return this.#port;
  }

  /** Where notifications are to be had, with the same certificate. */
  get stompPort(): number {
    return this.#stompPort;
  }

  get url(): string {
    return `https://${hostInUrl(this.parts.host)}:${this.#port}`;
  }

  get certificatePem(): string {
    return this.parts.certificate.certificatePem;
  }

  get fingerprint256(): string {
    return this.parts.certificate.fingerprint256;
  }

  get faults(): HmcFaults {
    return this.#faults;
  }

  /** Adds a fault rule, checked like one from an inventory; returns its id for `faults.remove`. */
  fault(rule: HmcFaultInput): number {
    return this.#faults.add(checkInventory<typeof HmcFaultSchema>(HmcFaultSchema, rule, 'fault') satisfies HmcFault);
  }

  sessionCount(user?: string): number {
    return this.#hmc.sessions.count(user);
  }

  /** Ids of the live sessions, with which anybody could use them: for tests that look for them where they must not be. */
  sessionIds(): string[] {
    return this.#hmc.sessions.ids();
  }

  dropSessions(): void {
    this.#hmc.sessions.dropAll();
  }

  logons(user: string): Readonly<LogonRecord> {
    return this.#hmc.sessions.logons(user);
  }

  unlock(user: string): void {
    this.#hmc.sessions.unlock(user);
  }

  jobs(): readonly Readonly<Job>[] {
    return this.#hmc.jobs.list();
  }

  /** What an HMC tells its subscribers. */
  get changes(): Changes {
    return this.#hmc.changes;
  }

  get connections(): number {
    return this.#listener.connections;
  }

  stompConnections(user?: string): number {
    return this.#stomp.count(user);
  }

  dropStompConnections(user?: string): void {
    this.#stomp.dropAll(user);
  }

  writeLogEntry(kind: 'audit' | 'security', entry: LogEntry): void {
    this.#hmc.notifier.log(kind, entry, this.clock.now());
  }

  /** The OS messages kept of a partition or logical partition. Throws a RangeError when the name is unknown or not unique. */
  osMessages(name: string, cpc?: string): readonly OsMessage[] {
    return this.#hmc.osMessages.list(this.#guestHost(name, cpc));
  }

  writeOsMessage(name: string, text: string, { cpc, ...options }: OsMessageOptions & { cpc?: string } = {}): void {
    this.#hmc.osMessages.write(this.#guestHost(name, cpc), [text], options);
  }

  /** ASCII consoles that somebody uses. */
  get asciiConsoles(): number {
    return this.#hmc.asciiConsoles.count;
  }

  partitions(name?: string, cpc?: string): readonly PartitionView[] {
    const { estate, machine } = this.#hmc;
    return estate
      .partitions()
      .filter(
        (partition) =>
          (name === undefined || partition.name === name) && (cpc === undefined || partition.cpc.name === cpc),
      )
      .map((partition) => ({
        name: partition.name,
        cpc: partition.cpc.name,
        uri: partition.uri,
        status: partition.status,
        busy: machine.isBusy(partition),
        booted: partition.booted,
        iso: partition.iso,
        dumps: partition.dumps,
      }));
  }

  /** Throws a RangeError when the name is unknown, or taken on several CPCs and no CPC is given. */
  status(name: string, cpc?: string): PartitionStatus {
    return this.#one(name, cpc).status;
  }

  /** Properties of a partition, as its owner would read them. */
  properties(name: string, cpc?: string): Readonly<Record<string, unknown>> {
    return this.#hmc.estate.properties(this.#one(name, cpc));
  }

  /** Its NICs, each with the name of the adapter behind it. */
  nics(name: string, cpc?: string): readonly NicView[] {
    return this.#one(name, cpc).nics.map((nic) => ({
      name: nic.name,
      adapter: nic.backing.port.adapter.name,
      mac: String(nic.stored['mac-address']),
      vlan: (nic.stored['vlan-id'] as number | null | undefined) ?? null,
    }));
  }

  /** The storage groups that are attached to it. */
  attachedGroups(name: string, cpc?: string): readonly StorageGroupView[] {
    const partition = this.#one(name, cpc);
    return this.storageGroups(undefined, partition.cpc.name).filter(({ attachedTo }) =>
      attachedTo.includes(partition.name),
    );
  }

  setStatus(name: string, status: PartitionStatus, cpc?: string): void {
    this.#hmc.machine.force(this.#one(name, cpc), status);
  }

  setStartsAs(name: string, startsAs: StartEnd, cpc?: string): void {
    this.#one(name, cpc).startsAs = startsAs;
  }

  /** What the last start of the partition has booted; null before the first, and when it did not come to that. */
  booted(name: string, cpc?: string): BootRecord | null {
    return this.#one(name, cpc).booted;
  }

  setAdapterStatus(name: string, status: AdapterStatus, cpc?: string): void {
    const adapters = this.#hmc.estate.adapters();
    const adapter = only(adapters, name, cpc, 'adapter');
    this.#hmc.machine.setAdapterStatus(adapter, status);
  }

  storageGroups(name?: string, cpc?: string): readonly StorageGroupView[] {
    return this.#hmc.storage.views(name, cpc);
  }

  fulfil(group: string, { cpc, volume, fulfilment = 'complete' }: FulfilOptions = {}): void {
    const { storage } = this.#hmc;
    storage.fulfil(only(storage.groups.list(), group, cpc, 'storage group'), volume, fulfilment);
  }

  leftovers(): Record<string, string[]> {
    return this.#hmc.leftovers.snapshot();
  }

  restart({ downMs = 0 }: { downMs?: number } = {}): Promise<void> {
    this.#restarting ??= this.#restart(downMs).finally(() => {
      this.#restarting = null;
    });
    return this.#restarting;
  }

  /** Connections are refused from now on, and no session and no job is left; the machines do not notice. */
  async goDown(): Promise<void> {
    this.#api.abortPending();
    await Promise.all([this.#listener.close(), this.#stomp.close()]);
    this.#hmc.forgetVolatile();
  }

  /** Closes every socket and stops every timer, those of the machines and of the other HMC too. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#stop.abort();
    await this.#restarting;
    await this.#peer?.stop();
    this.#api.abortPending();
    this.#hmc.dispose();
    this.machines.dispose();
    await Promise.all([this.#listener.close(), this.#stomp.close()]);
  }

  async #listen(port: number, stompPort: number): Promise<void> {
    this.#port = await this.#listener.listen(this.parts.host, port);
    this.#stompPort = await this.#stomp.listen(this.parts.host, stompPort);
  }

  async #restart(downMs: number): Promise<void> {
    await this.goDown();
    await pause(this.clock, downMs, this.#stop.signal);
    await this.comeUp();
  }

  /** Listens again where it did before it went down. */
  async comeUp(): Promise<void> {
    await this.#listenAgain(async () => {
      this.#stomp = this.#createStomp();
      await this.#stomp.listen(this.parts.host, this.#stompPort);
    });
    await this.#listenAgain(async () => {
      this.#listener = this.#createListener();
      await this.#listener.listen(this.parts.host, this.#port);
    });
  }

  /** On the same port, which a short-lived socket of somebody else may hold for a moment. */
  async #listenAgain(listen: () => Promise<void>): Promise<void> {
    for (let attempt = 1; !this.#isStopped; attempt += 1) {
      try {
        await listen();
        return;
      } catch (error) {
        if (attempt === MOST_ATTEMPTS_TO_LISTEN) throw error;
        await setTimeout(50);
      }
    }
  }

  #one(name: string, cpc?: string): Partition {
    return only(this.#hmc.estate.partitions(), name, cpc, 'partition');
  }

  #guestHost(name: string, cpc?: string): GuestHost {
    const { estate } = this.#hmc;
    const isMeant = (host: GuestHost) => host.name === name && (cpc === undefined || host.cpc.name === cpc);
    const [host, another] = [...estate.partitions(), ...estate.logicalPartitions()].filter(isMeant);
    if (host === undefined) throw new RangeError(`there is no partition or logical partition "${name}"`);
    if (another !== undefined) throw new RangeError(`several CPCs have a partition "${name}": name the CPC`);
    return host;
  }

  #createListener(): HttpsListener {
    const { keep_alive_ms: keepAliveMs, max_body_bytes: maxBodyBytes, chunked } = this.#hmc.settings;
    return new HttpsListener({
      certificate: this.parts.certificate,
      keepAliveMs,
      maxBodyBytes,
      chunked,
      sinkFor: (head) => this.#api.sinkFor(head),
      handle: (request) => this.#handle(request),
      upgrade: upgradeToConsoles(this.#hmc.asciiConsoles),
    });
  }

  #createStomp(): StompListener {
    const { settings, sessions, topics } = this.#hmc;
    const { heart_beat_ms: leastHeartBeatMs, max_connections: mostConnections } = settings.stomp;
    const { frameLog: log } = this;
    const { certificate, clock } = this.parts;
    const hmcName = settings.name;
    const faults = this.#faults;
    return new StompListener({
      certificate,
      clock,
      sessions,
      topics,
      log,
      hmcName,
      leastHeartBeatMs,
      mostConnections,
      faults,
    });
  }

  async #handle(request: ReceivedRequest): Promise<Answer> {
    if (this.parts.isControlEnabled && request.path.startsWith(CONTROL_PREFIX)) return serveControl(this, request);
    return this.#api.serve(request);
  }
}

/** The one of this name. Throws a RangeError when there is none, or several and no CPC is named. */
function only<T extends Partition | Adapter | StorageGroup>(
  all: readonly T[],
  name: string,
  cpc: string | undefined,
  what: string,
): T {
  const [one, another] = all.filter((each) => each.name === name && (cpc === undefined || each.cpc.name === cpc));
  if (one === undefined) throw new RangeError(`there is no ${what} "${name}"`);
  if (another !== undefined) throw new RangeError(`several CPCs have a ${what} "${name}": name the CPC`);
  return one;
}
