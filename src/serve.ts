import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { systemClock, type Clock } from './common/clock.js';
import { openAudit } from './audit-log.js';
import { AwaitedJournal } from './awaited-journal.js';
import { createLog, type LeveledLog, type Log } from './common/log.js';
import { packageVersion } from './common/package-version.js';
import { ComputeService } from './compute/compute.service.js';
import type { EventPublisher, Images, Seeds, ServiceEvent } from './compute/contract/index.js';
import type { AmqpConfig, Config } from './config/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from './drivers/driver-registry.js';
import { readEvidence } from './evidence-files.js';
import { SeedOffers } from './first-boot/index.js';
import { Held } from './held.js';
import { ConsoleSockets, EventFeed, SeedListener, listen, listeningUrl } from './http/index.js';
import { databaseOf } from './journal-place.js';
import { ImageFetcher } from './images/index.js';
import { copiesDirectory, type OpenJournal } from './journal/index.js';
import { LateGateway } from './late-gateway.js';
import { toggleDebugOnSignal } from './log-level.js';
import { NestLog } from './nest-log.js';
import { Observation, type StartedService } from './observation/index.js';
import { readiness } from './readiness.js';
import { selfNames } from './self-identity.js';
import { startEstate } from './simulated-estate.js';
import { createTransport, type Transport, type TransportOptions } from './transport/index.js';
import { serveUpkeep, socketPathOf } from './upkeep-socket/index.js';

/** A read that takes longer is given up. */
const READ_TIMEOUT_MS = 60_000;
/** A backend that has not named the target by then is asked again when the operation's turn comes. */
const RESOLVE_TIMEOUT_MS = 10_000;
/** Longer than any operation of any driver may take. */
const RECONCILE_TIMEOUT_MS = 30 * 60_000;

export interface ServeOptions {
  readonly log?: LeveledLog;
  /** Aborts when the service is not to start any more. */
  readonly signal?: AbortSignal;
}

export interface RunningService {
  /** Resolves once requests are taken from the broker, which may not be there yet. */
  ready(signal: AbortSignal): Promise<void>;
  /** Ends what runs, within the configured limit, and gives everything back. */
  stop(): Promise<void>;
}

/**
 * Serves a configuration: opens the journal and the hosts, takes up what an earlier process left, and then takes requests.
 * A journal that is away is waited for. Resolves once all parts are started; `/readyz` tells what is waited for, and when
 * the broker is there too. When one cannot be started, those before it are given back.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE; the signal's reason when it aborts while the journal is waited for
 */
export async function serve(
  given: Config,
  { log = createLog(given.log.level), signal = new AbortController().signal }: ServeOptions = {},
): Promise<RunningService> {
  const held = new Held(log);
  try {
    return await open(given, log, held, signal);
  } catch (error) {
    await held.giveBack();
    throw error;
  }
}

async function open(given: Config, log: LeveledLog, held: Held, signal: AbortSignal): Promise<RunningService> {
  const clock = systemClock;
  const stopping = new AbortController();
  const { config, stop: stopEstate } = await startEstate(given, log);
  held.add('the simulated estate', stopEstate);
  const { journal } = config;
  toggleDebugOnSignal(log, held);
  const observation = await observe(config, log);
  held.add('what traces', () => observation.close());
  const audit = observation.audit(openAudit(config, log, held));
  const database = databaseOf(config);
  const awaited = new AwaitedJournal(
    { database, keys: config.secrets, maxPerTarget: journal.maxPerTarget },
    { clock, log },
  );

  // The edges stand before what they lead to: supervisors can ask why it is not there yet.
  const amqp = transportOptions(config);
  const transport = createTransport(amqp, { log, clock });
  const gateway = new LateGateway();
  const { host, names, tokens } = config.http;
  let started: StartedService | undefined;
  const { health, counts } = transport;
  const metrics = observation.scrape({
    transport: { status: () => health.status(), counts, droppedEvents: () => transport.droppedEvents() },
    started: () => started,
  });
  const feed = new EventFeed();
  const events = { feed, sees: (caller: string, event: ServiceEvent) => gateway.sees(caller, event) };
  const http = { host, names, tokens, clock, events, metrics, log, health: readiness(health, awaited) };
  const edges = AppModule.of({ gateway: observation.gateway(gateway), http, transport: amqp });
  const app = await NestFactory.create<NestExpressApplication>(edges, {
    logger: new NestLog(log),
    abortOnError: false,
  });
  app.connectMicroservice({ strategy: transport.strategy });
  let closing: Promise<void> | undefined;
  const closeApp = (): Promise<void> => (closing ??= app.close());
  held.add('the edges', closeApp);
  // A port that is taken is found out before anything is done.
  const consoles = config.http.enabled ? await openHttp(app, config, { clock, log }) : null;

  const opened = await awaited.open(signal);
  held.add('the journal', () => opened.close());
  if ('file' in database) {
    const { upkeep } = opened;
    const copies = copiesDirectory(database.file);
    const socket = await serveUpkeep({ path: socketPathOf(config.stateDir), copies, upkeep, log });
    held.add('the socket for zenova db', async () => socket?.close());
  }
  const seeds = await openSeeds(config, opened, held, { clock, log });
  const compute = new ComputeService({
    ...opened,
    seeds: seeds?.offers ?? null,
    consoles,
    images: imagesOf(config),
    journal: observation.journal(opened.journal),
    workers: observation.workers(opened.workers),
    observer: observation.observer,
    server: config.server,
    hosts: [...config.hosts.values()].map((host) => ({ ...host, manage: host.manage ?? undefined })),
    drivers: VIRT_DRIVERS,
    powerTypes: POWER_TYPES,
    version: packageVersion(),
    evidence: readEvidence(),
    events: observation.events(tellAll(transport.events, feed)),
    replies: transport.replies,
    audit,
    rules: config.rules ?? undefined,
    clock,
    log,
    selfNames: selfNames(),
    onLoad: backPressure(transport, { maxAccepted: journal.maxAccepted, log, stopping: stopping.signal }),
    limits: {
      leaseMs: journal.leaseMs,
      maxAccepted: journal.maxAccepted,
      maxConcurrentPerEndpoint: journal.maxConcurrent,
      startWithinMs: journal.startWithinMs,
      keepMs: journal.keepMs,
      readTimeoutMs: READ_TIMEOUT_MS,
      resolveTimeoutMs: RESOLVE_TIMEOUT_MS,
      reconcileTimeoutMs: RECONCILE_TIMEOUT_MS,
    },
  });
  held.add('the hosts', () => compute.close());

  held.add('what is under way', async () => {
    stopping.abort();
    // The edges close one after the other, and HTTP first, which may wait for a change that runs.
    const edges = [closeApp(), consoles?.close()];
    await Promise.all([transport.intake.pause(), compute.finish(config.amqp.drainTimeoutMs), ...edges]);
  });
  // What was accepted before stands in its queues before anything new is accepted.
  await compute.start();
  started = {
    load: () => compute.load,
    openBreakers: () => opened.breakers.count(),
    seedRequests: () => seeds?.counts ?? {},
  };
  gateway.open(compute);
  await app.startAllMicroservices();
  log.info('serving', { server: config.server, group: config.group, hosts: [...config.hosts.keys()] });

  return {
    async ready(signal) {
      await transport.health.until(({ isConnected, isConsuming }) => isConnected && isConsuming, signal);
    },
    async stop() {
      log.info('stopping');
      await held.giveBack();
      log.info('stopped');
    },
  };
}

/** Serves HTTP, and consoles on it. */
async function openHttp(
  app: NestExpressApplication,
  { http: { host, port }, console: { publicUrl } }: Config,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<ConsoleSockets> {
  await listen(app, host, port);
  const server = app.getHttpServer();
  return new ConsoleSockets(server, publicUrl ?? listeningUrl(server, host), ports);
}

/** Serves seeds to guests where the configuration says so. */
async function openSeeds(
  { seed }: Config,
  { seedStore }: OpenJournal,
  held: Held,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<{ readonly offers: Seeds; readonly counts: SeedListener['counts'] } | null> {
  if (seed === null) return null;
  const listener = await SeedListener.start(seed, seedStore, ports);
  held.add('the listener for seeds', () => listener.close());
  return { offers: new SeedOffers(seedStore, seed.publicUrl), counts: listener.counts };
}

function imagesOf({ stateDir, images }: Config): Images {
  const { directories, maxBytes, timeoutMs, caFile } = images;
  return new ImageFetcher({
    folder: join(stateDir, 'images'),
    fileFolders: directories,
    maxBytes,
    timeoutMs,
    trust: caFile === null ? { kind: 'system' } : { kind: 'ca-file', path: caFile },
  });
}

function observe({ server, hosts, tracing }: Config, log: Log): Promise<Observation> {
  return Observation.start(
    {
      server,
      version: packageVersion(),
      hosts: new Map([...hosts.values()].map(({ name, driver }) => [name, driver])),
      powerTypes: POWER_TYPES.map(({ name }) => name),
      tracing: tracing ?? undefined,
    },
    log,
  );
}

/** The broker's subscribers, and whoever follows over HTTP. */
function tellAll(...publishers: readonly EventPublisher[]): EventPublisher {
  return {
    publish(event) {
      for (const publisher of publishers) publisher.publish(event);
    },
  };
}

function transportOptions({ amqp, oslo, server, group }: Config): TransportOptions {
  const { urls, tls, prefetch, heartbeatSeconds, drainTimeoutMs, deadQueue, eventsExchange } = amqp;
  return {
    urls: urls.map((url) => url.reveal()),
    tls: tlsOptions(tls),
    server,
    group: group ?? undefined,
    prefetch,
    heartbeatSeconds,
    drainTimeoutMs,
    deadQueue,
    eventsExchange,
    oslo: oslo ?? undefined,
  };
}

function tlsOptions({ ca, cert, key, verify }: AmqpConfig['tls']): TransportOptions['tls'] {
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key: key.reveal() }),
    rejectUnauthorized: verify,
  };
}

interface BackPressureOptions {
  readonly maxAccepted: number;
  readonly log: Log;
  /** Aborts when the service stops: what becomes free then is for the next start. */
  readonly stopping: AbortSignal;
}

/** Consuming stops at the limit and goes on when a tenth of it is free again (DESIGN 5.7). */
function backPressure({ intake }: Transport, options: BackPressureOptions): (unfinished: number) => void {
  const { maxAccepted, log, stopping } = options;
  let isPaused = false;
  return (unfinished) => {
    if (stopping.aborted) return;
    if (!isPaused && unfinished >= maxAccepted) {
      isPaused = true;
      log.warn(`${unfinished} operations are unfinished: nothing more is taken until some are`);
      intake.pause().catch((error: unknown) => log.error('consuming could not be stopped', { err: error }));
    } else if (isPaused && unfinished <= maxAccepted * 0.9) {
      isPaused = false;
      log.info('taking requests again');
      intake.resume();
    }
  };
}
