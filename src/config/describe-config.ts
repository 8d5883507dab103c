import { stringify } from 'yaml';
import type { CallerRule } from '../common/caller-rule.js';
import { formatDuration } from '../common/duration.js';
import { redact, redactText } from '../common/secret.js';
import type { Config, OsloConfig } from './config.js';

const GIBIBYTE = 1024 ** 3;

/** The effective configuration as YAML of the file's shape, with every secret redacted. */
export function showConfig(config: Config): string {
  return stringify(effectiveConfig(config), { lineWidth: 0 });
}

/** The effective configuration as data of the file's shape, with every secret redacted. */
export function effectiveConfig(config: Config): Record<string, unknown> {
  const { amqp, http, images, journal, secrets } = config;
  const urls = amqp.urls.map((url) => redactText(url.reveal()));
  const inFull = {
    server: config.server,
    ...(config.group === null ? {} : { group: config.group }),
    state_dir: config.stateDir,
    amqp: {
      url: urls.length === 1 ? urls[0] : urls,
      tls: {
        ca: amqp.tls.ca === null ? 'system' : 'from file',
        certificate: amqp.tls.cert === null ? 'none' : 'from file',
        verify: amqp.tls.verify,
      },
      prefetch: amqp.prefetch,
      heartbeat_seconds: amqp.heartbeatSeconds,
      drain_timeout_ms: amqp.drainTimeoutMs,
      dead_queue: amqp.deadQueue,
      events_exchange: amqp.eventsExchange,
    },
    oslo: config.oslo === null ? { enabled: false } : { enabled: true, ...osloFlags(config.oslo) },
    http: {
      enabled: http.enabled,
      host: http.host,
      port: http.port,
      names: http.names,
      tokens: http.tokens,
    },
    images: {
      directories: images.directories,
      max_gib: images.maxBytes / GIBIBYTE,
      timeout: formatDuration(images.timeoutMs),
      ...(images.caFile === null ? {} : { ca_file: images.caFile }),
    },
    log: { level: config.log.level },
    ...(config.tracing === null ? {} : { tracing: config.tracing }),
    journal: {
      ...(journal.url === null ? {} : { url: redactText(journal.url.reveal()) }),
      max_connections: journal.maxConnections,
      lease: formatDuration(journal.leaseMs),
      keep: formatDuration(journal.keepMs),
      max_accepted: journal.maxAccepted,
      max_per_target: journal.maxPerTarget,
      max_concurrent: journal.maxConcurrent,
      start_within: formatDuration(journal.startWithinMs),
    },
    secrets: {
      ...(secrets.key === null ? { key_file: secrets.keyFile } : { key: secrets.key }),
      previous_keys: secrets.previousKeys,
    },
    ...(config.audit.file === null ? {} : { audit: { file: config.audit.file } }),
    ...(config.rules === null ? {} : { rules: config.rules.map(ruleOf) }),
    hosts: Object.fromEntries(
      [...config.hosts].map(([name, host]) => [
        name,
        {
          driver: host.driver,
          settings: host.settings,
          ...(host.manage === null ? {} : { manage: host.manage }),
          protect: host.protect,
          protect_self: host.protectSelf,
        },
      ]),
    ),
  };
  return redact(inFull) as Record<string, unknown>;
}

function osloFlags(oslo: OsloConfig): Record<string, unknown> {
  return {
    control_exchange: oslo.controlExchange,
    topic: oslo.topic,
    allow_nova_topic: oslo.allowNovaTopic,
    rpc_ping_enabled: oslo.rpcPingEnabled,
    amqp_durable_queues: oslo.amqpDurableQueues,
    amqp_auto_delete: oslo.amqpAutoDelete,
    rabbit_quorum_queue: oslo.rabbitQuorumQueue,
    rabbit_quorum_delivery_limit: oslo.rabbitQuorumDeliveryLimit,
    rabbit_quorum_max_memory_length: oslo.rabbitQuorumMaxMemoryLength,
    rabbit_quorum_max_memory_bytes: oslo.rabbitQuorumMaxMemoryBytes,
    rabbit_transient_quorum_queue: oslo.rabbitTransientQuorumQueue,
    rabbit_transient_queues_ttl: oslo.rabbitTransientQueuesTtlSeconds,
  };
}

function ruleOf({ callers, methods, hosts, powerTypes, machines, action }: CallerRule): Record<string, unknown> {
  return {
    callers,
    methods,
    ...(hosts === undefined ? {} : { hosts }),
    ...(powerTypes === undefined ? {} : { power_types: powerTypes }),
    ...(machines === undefined ? {} : { machines }),
    action,
  };
}

/** One line on what a checked configuration holds. */
export function summariseConfig(config: Config): string {
  const brokers = config.amqp.urls.map((url) => redactText(url.reveal())).join(', ');
  const hosts = [...config.hosts.values()].map(({ name, driver }) => `${name} (${driver})`);
  const served = config.isSimulatedEstate ? 'a simulated estate' : hosts.length === 0 ? 'no hosts' : hosts.join(', ');
  return `${config.origin}: server ${config.server}, broker ${brokers}, ${served}`;
}
