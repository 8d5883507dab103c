import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { describeSchema, schemaAt, type SchemaNode } from '../common/json-schema.js';
import { glob } from '../common/glob.js';
import { isLoopback } from '../common/loopback.js';
import { Secret } from '../common/secret.js';
import { closest } from '../common/similar.js';
import { ConfigFileSchema, type ConfigFile } from './config.schema.js';
import type { AmqpTlsConfig, Config, HostConfig, HttpTokenConfig, OsloConfig, SeedConfig } from './config.js';
import type { ConfigSource } from './config-source.js';
import type { Environment } from './environment.js';
import { Mistakes, type ConfigPath } from './mistakes.js';
import { applyOverrides, readOverrides } from './overrides.js';
import { SecretReferences } from './secret-references.js';
import { defaultStateDir } from './state-dir.js';

/** Schemas of the hosts' settings by driver name; configuration does not know drivers. */
export type DriverSettings = ReadonlyMap<string, z.ZodType>;

/** What caller rules may speak of, beside the hosts of the configuration. */
export interface RuleWords {
  readonly methods: readonly string[];
  readonly powerTypes: readonly string[];
}

export interface LoadOptions {
  readonly driverSettings: DriverSettings;
  readonly environment: Environment;
  /** Without them, patterns of rules that match nothing stay unnoticed. */
  readonly ruleWords?: RuleWords | undefined;
}

const GIBIBYTE = 1024 ** 3;
/** Name of the token that stands in `http.token`. */
const DEFAULT_TOKEN = 'default';

/** Says "is required" where zod says that it received undefined. */
export const inOurWords = {
  error: (issue: z.core.$ZodRawIssue) => (issue.input === undefined ? 'is required' : undefined),
};

/**
 * Checks a configuration, with what the environment overrides and the secrets it refers to, and completes it.
 *
 * @throws ComputeError CONFIG_INVALID with every mistake found, each with its path and place
 */
export function loadConfig(source: ConfigSource, { driverSettings, environment, ruleWords }: LoadOptions): Config {
  const overridden = new Map<string, string>();
  const mistakes = new Mistakes(source.origin, (path) => variableOf(path, overridden) ?? source.locate(path));
  const written = withoutNulls(source.document) as Record<string, unknown>;
  const overrides = readOverrides(environment, written, schemaFinder(written, driverSettings), mistakes);
  for (const { path, variable } of overrides) overridden.set(path.join('.'), variable);

  const references = new SecretReferences(source.directory, environment, mistakes);
  const document = resolveSecrets(applyOverrides(written, overrides), references);
  const parsed = ConfigFileSchema.safeParse(document, inOurWords);
  mistakes.addFurtherIssues(parsed.error?.issues ?? [], ConfigFileSchema);
  checkHosts(document['hosts'], driverSettings, mistakes);
  checkTokens(document['http'], mistakes);
  checkRules(source.document['rules'], document, ruleWords, mistakes);
  const tls = readTls(document['amqp'], references);
  mistakes.throwIfAny();
  if (!parsed.success) throw new Error('a schema failed without an issue');
  return toConfig(parsed.data, { ...tls, verify: parsed.data.amqp.tls.verify }, source, environment);
}

/** Checks hosts that did not come from the file, as those of the file are checked. */
export function withHosts(config: Config, hosts: Record<string, unknown>, driverSettings: DriverSettings): Config {
  const mistakes = new Mistakes(config.origin, () => null);
  const parsed = ConfigFileSchema.shape.hosts.safeParse(hosts, inOurWords);
  if (!parsed.success) mistakes.addIssues(parsed.error.issues, ConfigFileSchema, ['hosts']);
  checkHosts(hosts, driverSettings, mistakes);
  mistakes.throwIfAny();
  if (!parsed.success) throw new Error('a schema failed without an issue');
  const added = toHosts(parsed.data);
  return { ...config, hosts: new Map([...config.hosts, ...added]) };
}

function toConfig(file: ConfigFile, tls: AmqpTlsConfig, source: ConfigSource, environment: Environment): Config {
  const { amqp, http, journal, secrets } = file;
  const absolute = (path: string): string => resolve(source.directory, path);
  const stateDir = file.state_dir === undefined ? defaultStateDir(environment) : absolute(file.state_dir);
  return {
    origin: source.origin,
    isSimulatedEstate: source.isSimulatedEstate,
    server: file.server ?? hostname(),
    group: file.group ?? null,
    stateDir,
    amqp: {
      urls: Array.isArray(amqp.url) ? amqp.url : [amqp.url],
      tls,
      prefetch: amqp.prefetch,
      heartbeatSeconds: amqp.heartbeat_seconds,
      drainTimeoutMs: amqp.drain_timeout_ms,
      deadQueue: amqp.dead_queue,
      eventsExchange: amqp.events_exchange,
    },
    oslo: toOslo(file.oslo),
    http: { enabled: http.enabled, host: http.host, port: http.port, names: http.names, tokens: toTokens(http) },
    seed: toSeed(file.seed),
    console: { publicUrl: file.console.public_url ?? null },
    images: {
      directories: file.images.directories.map(absolute),
      maxBytes: Math.floor(file.images.max_gib * GIBIBYTE),
      timeoutMs: file.images.timeout,
      caFile: file.images.ca_file === undefined ? null : absolute(file.images.ca_file),
    },
    log: file.log,
    tracing: file.tracing ?? null,
    journal: {
      url: journal.url ?? null,
      maxConnections: journal.max_connections,
      leaseMs: journal.lease,
      keepMs: journal.keep,
      maxAccepted: journal.max_accepted,
      maxPerTarget: journal.max_per_target,
      maxConcurrent: journal.max_concurrent,
      startWithinMs: journal.start_within,
    },
    secrets: {
      key: secrets.key ?? null,
      keyFile: secrets.key_file === undefined ? join(stateDir, 'secrets.key') : absolute(secrets.key_file),
      previousKeys: secrets.previous_keys,
    },
    audit: { file: file.audit.file === undefined ? null : absolute(file.audit.file) },
    rules:
      file.rules?.map(({ power_types: powerTypes, hosts, machines, ...rule }) => ({
        ...rule,
        hosts,
        powerTypes,
        machines,
      })) ?? null,
    hosts: toHosts(file.hosts),
  };
}

function toTokens({ token, tokens }: ConfigFile['http']): HttpTokenConfig[] {
  return [...(token === undefined ? [] : [{ name: DEFAULT_TOKEN, token, access: 'act' } as const]), ...tokens];
}

function toSeed(seed: ConfigFile['seed']): SeedConfig | null {
  return seed === undefined ? null : { bind: seed.bind, port: seed.port, publicUrl: seed.public_url };
}

function toOslo(oslo: ConfigFile['oslo']): OsloConfig | null {
  if (!oslo.enabled) return null;
  return {
    controlExchange: oslo.control_exchange,
    topic: oslo.topic,
    allowNovaTopic: oslo.allow_nova_topic,
    rpcPingEnabled: oslo.rpc_ping_enabled,
    amqpDurableQueues: oslo.amqp_durable_queues,
    amqpAutoDelete: oslo.amqp_auto_delete,
    rabbitQuorumQueue: oslo.rabbit_quorum_queue,
    rabbitQuorumDeliveryLimit: oslo.rabbit_quorum_delivery_limit,
    rabbitQuorumMaxMemoryLength: oslo.rabbit_quorum_max_memory_length,
    rabbitQuorumMaxMemoryBytes: oslo.rabbit_quorum_max_memory_bytes,
    rabbitTransientQuorumQueue: oslo.rabbit_transient_quorum_queue,
    rabbitTransientQueuesTtlSeconds: oslo.rabbit_transient_queues_ttl,
  };
}

function toHosts(hosts: ConfigFile['hosts']): Map<string, HostConfig> {
  return new Map(
    Object.entries(hosts).map(([name, host]) => [
      name,
      {
        name,
        driver: host.driver,
        settings: host.settings,
        manage: host.manage ?? null,
        protect: host.protect,
        protectSelf: host.protect_self,
      },
    ]),
  );
}

/** Secrets stand in `amqp.url`, in `journal.url`, in `http`, in `tracing.headers`, in `secrets`, and wherever a driver's settings have a secret field. */
function resolveSecrets(document: Record<string, unknown>, references: SecretReferences): Record<string, unknown> {
  const resolved = { ...document };
  if (isRecord(document['amqp']) && 'url' in document['amqp']) {
    const { url } = document['amqp'];
    const path = ['amqp', 'url'];
    resolved['amqp'] = {
      ...document['amqp'],
      url: Array.isArray(url)
        ? url.map((item, i) => references.resolveText(item, [...path, i]))
        : references.resolveText(url, path),
    };
  }
  if (isRecord(document['journal']) && 'url' in document['journal']) {
    const { url } = document['journal'];
    resolved['journal'] = { ...document['journal'], url: references.resolveText(url, ['journal', 'url']) };
  }
  if ('http' in document) resolved['http'] = references.resolveFields(document['http'], ['http']);
  if (isRecord(document['tracing']) && 'headers' in document['tracing']) {
    const headers = references.resolveMap(document['tracing']['headers'], ['tracing', 'headers']);
    resolved['tracing'] = { ...document['tracing'], headers };
  }
  if (isRecord(document['secrets'])) resolved['secrets'] = resolveKeys(document['secrets'], references);
  if (isRecord(document['hosts'])) {
    resolved['hosts'] = Object.fromEntries(
      Object.entries(document['hosts']).map(([name, host]) => {
        if (!isRecord(host) || !('settings' in host)) return [name, host];
        const path = ['hosts', name, 'settings'];
        return [name, { ...host, settings: references.resolveFields(host['settings'], path) }];
      }),
    );
  }
  return resolved;
}

function resolveKeys(secrets: Record<string, unknown>, references: SecretReferences): unknown {
  const { previous_keys: previous, ...rest } = secrets;
  return {
    ...(references.resolveFields(rest, ['secrets']) as object),
    ...(previous === undefined
      ? {}
      : { previous_keys: references.resolveList(previous, ['secrets', 'previous_keys']) }),
  };
}

function checkHosts(hosts: unknown, driverSettings: DriverSettings, mistakes: Mistakes): void {
  if (!isRecord(hosts)) return;
  for (const [name, host] of Object.entries(hosts)) {
    if (!isRecord(host) || typeof host['driver'] !== 'string') continue;
    const schema = driverSettings.get(host['driver']);
    if (schema === undefined) {
      const known = [...driverSettings.keys()];
      const meant = closest(host['driver'], known);
      const hint = meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`;
      mistakes.add(['hosts', name, 'driver'], `there is no driver of this name; ${hint}`);
      continue;
    }
    const path = ['hosts', name, 'settings'];
    const parsed = schema.safeParse(host['settings'] ?? {}, inOurWords);
    if (parsed.success) continue;
    // A secret whose reference led nowhere is missing now; it has been reported with the true reason.
    const issues = parsed.error.issues.filter((issue) => !mistakes.has([...path, ...issue.path.map(String)]));
    mistakes.addIssues(issues, schema, path);
  }
}

/** A pattern that matches nothing is a slip, and what it was to deny would go on. */
function checkRules(
  written: unknown,
  { rules, hosts }: Record<string, unknown>,
  words: RuleWords | undefined,
  mistakes: Mistakes,
): void {
  if (written === null) {
    mistakes.add(['rules'], 'is empty: take the key away to allow everything, or write [] to refuse everything');
  }
  if (!Array.isArray(rules)) return;
  const known: Readonly<Record<string, { what: string; names: readonly string[] } | undefined>> = {
    methods: words && { what: 'method', names: words.methods },
    power_types: words && { what: 'power type', names: words.powerTypes },
    hosts: { what: 'host of this configuration', names: isRecord(hosts) ? Object.keys(hosts) : [] },
  };
  for (const [i, rule] of rules.entries()) {
    for (const [field, patterns] of Object.entries(isRecord(rule) ? rule : {})) {
      const { what, names } = known[field] ?? {};
      if (names === undefined || !Array.isArray(patterns)) continue;
      for (const [j, pattern] of patterns.entries()) {
        if (typeof pattern !== 'string' || names.some((name) => glob(pattern).test(name))) continue;
        const meant = closest(pattern, names);
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        mistakes.add(['rules', i, field, j], `${JSON.stringify(pattern)} matches no ${what}${hint}`);
      }
    }
  }
}

/** One name and one token each, so that a request has one caller; and a token where others can reach us. */
function checkTokens(http: unknown, mistakes: Mistakes): void {
  if (!isRecord(http)) return;
  const { token, tokens } = http;
  const known: { readonly path: string; readonly name: unknown; readonly token: unknown }[] = [];
  if (token !== undefined) known.push({ path: 'http.token', name: DEFAULT_TOKEN, token });
  for (const [i, entry] of (Array.isArray(tokens) ? tokens : []).entries()) {
    if (!isRecord(entry)) continue;
    const { name, token: secret } = entry;
    const twin = known.find((other) => isSame(other.token, secret));
    if (known.some((other) => other.name === name))
      mistakes.add(['http', 'tokens', i, 'name'], 'is taken by another token');
    if (twin !== undefined) mistakes.add(['http', 'tokens', i, 'token'], `is the same as ${twin.path}`);
    known.push({ path: `http.tokens[${i}].token`, name, token: secret });
  }
  if (http['enabled'] === false || typeof http['host'] !== 'string' || isLoopback(http['host'])) return;
  if (known.length > 0 || mistakes.has(['http', 'token'])) return;
  mistakes.add(
    ['http', 'token'],
    `is required because http.host is ${http['host']}, which other machines can reach; write {file: /path} or {env: NAME}`,
  );
}

function isSame(one: unknown, other: unknown): boolean {
  return one instanceof Secret && other instanceof Secret && one.reveal() === other.reveal();
}

/** Reads the files that `amqp.tls` names, whatever else is wrong. */
function readTls(amqp: unknown, references: SecretReferences): Omit<AmqpTlsConfig, 'verify'> {
  const tls = isRecord(amqp) && isRecord(amqp['tls']) ? amqp['tls'] : {};
  const read = (key: string, rights: 'private' | 'any'): string | null => {
    const file = tls[key];
    return typeof file === 'string' ? (references.readFile(file, ['amqp', 'tls', key], rights) ?? null) : null;
  };
  const key = read('key_file', 'private');
  return { ca: read('ca_file', 'any'), cert: read('cert_file', 'any'), key: key === null ? null : new Secret(key) };
}

/** Finds the schema of a path, through the driver's own below a host's `settings`. */
function schemaFinder(document: Record<string, unknown>, driverSettings: DriverSettings) {
  return (path: readonly string[]): SchemaNode | undefined => {
    const [section, name, part, ...rest] = path;
    if (section !== 'hosts' || name === undefined || part !== 'settings')
      return schemaAt(describeSchema(ConfigFileSchema), path);
    const hosts = document['hosts'];
    const host = isRecord(hosts) ? hosts[name] : undefined;
    const schema =
      isRecord(host) && typeof host['driver'] === 'string' ? driverSettings.get(host['driver']) : undefined;
    return schema === undefined ? undefined : schemaAt(describeSchema(schema), rest);
  };
}

function variableOf(path: ConfigPath, overridden: ReadonlyMap<string, string>): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const variable = overridden.get(path.slice(0, length).join('.'));
    if (variable !== undefined) return variable;
  }
  return undefined;
}

/** A key without a value counts as not written. */
function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, withoutNulls(item)]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}
