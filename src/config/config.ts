import type { CallerRule } from '../common/caller-rule.js';
import type { LogLevel } from '../common/log.js';
import type { OsloFlags } from '../common/oslo-flags.js';
import type { Secret } from '../common/secret.js';

/** The configuration as the code reads it: checked, complete, read-only. */
export interface Config {
  /** Where it came from, for people: a file's path, or "built-in simulated estate". */
  readonly origin: string;
  /** No file was found: the service is to simulate an estate, see `withSimulatedEstate`. */
  readonly isSimulatedEstate: boolean;
  /** Name of this service. */
  readonly server: string;
  readonly group: string | null;
  readonly stateDir: string;
  readonly amqp: AmqpConfig;
  /** Null when callers with oslo.messaging are not served. */
  readonly oslo: OsloConfig | null;
  readonly http: HttpConfig;
  /** Null: guests read no seeds over HTTP. */
  readonly seed: SeedConfig | null;
  readonly console: ConsoleConfig;
  readonly images: ImagesConfig;
  readonly log: { readonly level: LogLevel };
  /** Null: nothing is traced. */
  readonly tracing: TracingConfig | null;
  readonly journal: JournalConfig;
  readonly secrets: SecretsConfig;
  /** Absolute path; null: the service's log. */
  readonly audit: { readonly file: string | null };
  /** In order; null when callers may do everything. */
  readonly rules: readonly CallerRule[] | null;
  /** By name, in the file's order. */
  readonly hosts: ReadonlyMap<string, HostConfig>;
}

export interface AmqpConfig {
  /** At least one; secret since an address may hold a password. */
  readonly urls: readonly Secret[];
  readonly tls: AmqpTlsConfig;
  readonly prefetch: number;
  readonly heartbeatSeconds: number;
  readonly drainTimeoutMs: number;
  readonly deadQueue: string;
  readonly eventsExchange: string;
}

export interface OsloConfig extends OsloFlags {
  readonly controlExchange: string;
  readonly topic: string;
  readonly allowNovaTopic: boolean;
  readonly rpcPingEnabled: boolean;
}

/** Contents of the files that the configuration names. */
export interface AmqpTlsConfig {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: Secret | null;
  readonly verify: boolean;
}

export interface HttpConfig {
  readonly enabled: boolean;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** By which callers of this machine may ask without a token, beside those of its loopback addresses. */
  readonly names: readonly string[];
  /** By name, in the file's order; `http.token` is `default`. */
  readonly tokens: readonly HttpTokenConfig[];
}

export interface HttpTokenConfig {
  readonly name: string;
  readonly token: Secret;
  readonly access: 'read' | 'act';
}

export interface SeedConfig {
  readonly bind: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Without a slash at its end. */
  readonly publicUrl: string;
}

export interface ConsoleConfig {
  /** Without a slash at its end; null: the address of the HTTP surface. */
  readonly publicUrl: string | null;
}

export interface TracingConfig {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, Secret>>;
  /** From 0 to 1. */
  readonly sample: number;
}

/** Images that are fetched. */
export interface ImagesConfig {
  /** Absolute paths. */
  readonly directories: readonly string[];
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Absolute path; null: the CAs of the system. */
  readonly caFile: string | null;
}

export interface JournalConfig {
  /** PostgreSQL database; null for a SQLite file in the state directory. Secret since it may hold a password. */
  readonly url: Secret | null;
  readonly maxConnections: number;
  readonly leaseMs: number;
  readonly keepMs: number;
  readonly maxAccepted: number;
  readonly maxPerTarget: number;
  /** Per endpoint. */
  readonly maxConcurrent: number;
  readonly startWithinMs: number;
}

export interface SecretsConfig {
  /** The current key; null when it stands in `keyFile`. */
  readonly key: Secret | null;
  readonly keyFile: string;
  /** To read what was encrypted with them. */
  readonly previousKeys: readonly Secret[];
}

export interface HostConfig {
  readonly name: string;
  readonly driver: string;
  /** As written, checked by the driver's schema, with `Secret` in place of secret references: input of `driver.open`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names or patterns; null leaves it to the driver's `managesByDefault`. */
  readonly manage: readonly string[] | null;
  readonly protect: readonly string[];
  readonly protectSelf: boolean;
}
