import { z } from 'zod';
import { amqpAddressMistake } from '../common/amqp-address.js';
import { durationField } from '../common/duration.js';
import { keyMistake } from '../common/encryption-key.js';
import { LOG_LEVELS } from '../common/log.js';
import { TOPIC_PATTERN, isNovaTopic } from '../common/nova-topics.js';
import { OSLO_DEFAULTS } from '../common/oslo-flags.js';
import { MIN_KEEP, MIN_KEEP_MS } from '../common/retention.js';
import { Secret } from '../common/secret.js';

/** The configuration file as it is written. Keys are snake_case; unknown ones are refused. Order is the document's. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const BrokerNameSchema = z
  .string()
  .regex(
    /^(?!amq\.)[A-Za-z0-9._-]{1,200}$/,
    'may hold letters, digits, dot, _ and -, at most 200, and not begin with "amq."',
  );
/** Both become parts of queue names; `dead` and `server` are names of queues already. */
const GroupSchema = z
  .string()
  .regex(
    /^(?!(dead|server)$)[A-Za-z0-9_-]{1,64}$/,
    'may hold letters, digits, _ and -, at most 64, and is not "dead" or "server"',
  );
const ServerSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'may hold letters, digits, dot, _ and -, at most 128');
const PathSchema = z.string().min(1).max(4096);
const PatternSchema = z.string().min(1).max(255).meta({ typeText: 'name or pattern with *' });

/** A secret, after its reference was resolved. */
const SecretSchema = z.instanceof(Secret, { error: 'must be {file: /path} or {env: NAME}' });
const secretField = (description: string) => SecretSchema.meta({ description, typeText: 'secret reference' });

/** A broker's address may hold a password, so it is a secret from here on. */
const AmqpUrlSchema = z
  .instanceof(Secret, { error: 'must be an address such as amqp://127.0.0.1:5672, {file: /path} or {env: NAME}' })
  .superRefine((url, context) => {
    const message = amqpAddressMistake(url.reveal());
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const TlsSchema = z.strictObject({
  ca_file: PathSchema.optional().describe('PEM file with the authorities to trust, instead of those of the system'),
  cert_file: PathSchema.optional().describe(
    'PEM file with our certificate; it also logs on where an address ends in `?auth_mechanism=external`',
  ),
  key_file: PathSchema.optional().describe('PEM file with its private key; others must not be able to read it'),
  verify: z.boolean().default(true).describe('check the certificate and the name of the broker'),
});

const AmqpSchema = z.strictObject({
  url: z
    .union([AmqpUrlSchema, z.array(AmqpUrlSchema).min(1).max(16)])
    .prefault(() => new Secret('amqp://127.0.0.1:5672'))
    .meta({
      description: 'address of the RabbitMQ broker, or a list of the addresses of its nodes; may be a secret reference',
      typeText: 'address, secret reference, or list of them',
      defaultText: 'amqp://127.0.0.1:5672',
    }),
  tls: TlsSchema.prefault({}).describe('for amqps:// addresses'),
  prefetch: z.int().min(1).max(65_535).default(256).describe('requests taken from the broker and not yet acknowledged'),
  heartbeat_seconds: z
    .int()
    .min(5)
    .max(600)
    .default(10)
    .describe('after twice this silence the connection counts as lost'),
  drain_timeout_ms: z
    .int()
    .min(0)
    .max(HOUR_MS)
    .default(30_000)
    .describe('how long running requests may take to end when the service stops'),
  dead_queue: BrokerNameSchema.default('zenova.rpc.dead').describe(
    'queue for requests that nobody could read or serve',
  ),
  events_exchange: BrokerNameSchema.default('zenova.events').describe('topic exchange for progress and state changes'),
});

const limit = (value: number, description: string) =>
  z.int().min(0).max(2_147_483_647).default(value).describe(description);

/** Flags are named as in oslo.messaging's own configuration, with its defaults. */
const OsloSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('serve callers that use oslo.messaging'),
    control_exchange: BrokerNameSchema.default('zenova').describe('topic exchange of their requests'),
    topic: z
      .string()
      .regex(TOPIC_PATTERN, 'may hold letters, digits, _ and -, at most 64')
      .default('zenova')
      .describe('their topic; queue names are global in a virtual host, so nobody else may serve it there'),
    allow_nova_topic: z
      .boolean()
      .default(false)
      .describe('allow a topic of Nova, and consume `<topic>.<server>` of it alone'),
    rpc_ping_enabled: z.boolean().default(false).describe('answer `oslo_rpc_server_ping`'),
    amqp_durable_queues: z
      .boolean()
      .default(OSLO_DEFAULTS.amqpDurableQueues)
      .describe('as in the `[oslo_messaging_rabbit]` of the callers'),
    amqp_auto_delete: z.boolean().default(OSLO_DEFAULTS.amqpAutoDelete).describe('likewise'),
    rabbit_quorum_queue: z.boolean().default(OSLO_DEFAULTS.rabbitQuorumQueue).describe('likewise; durable too'),
    rabbit_quorum_delivery_limit: limit(OSLO_DEFAULTS.rabbitQuorumDeliveryLimit, 'likewise; 0 is none'),
    rabbit_quorum_max_memory_length: limit(OSLO_DEFAULTS.rabbitQuorumMaxMemoryLength, 'likewise; 0 is none'),
    rabbit_quorum_max_memory_bytes: limit(OSLO_DEFAULTS.rabbitQuorumMaxMemoryBytes, 'likewise; 0 is none'),
    rabbit_transient_quorum_queue: z
      .boolean()
      .default(OSLO_DEFAULTS.rabbitTransientQuorumQueue)
      .describe('likewise; the fanout queue is a quorum queue'),
    rabbit_transient_queues_ttl: z
      .int()
      .min(0)
      .max(4_294_967)
      .default(OSLO_DEFAULTS.rabbitTransientQueuesTtlSeconds)
      .describe('likewise: seconds after which an unused fanout queue goes; 0 is never'),
  })
  .check(({ value, issues }) => {
    if (isNovaTopic(value.topic) && !value.allow_nova_topic) {
      const message =
        "is a topic of Nova: a Nova in the same virtual host would lose half of its messages to this service. Take another, or set allow_nova_topic to consume this server's own queue of it alone";
      issues.push({ code: 'custom', input: value.topic, path: ['topic'], message });
    }
    if (value.amqp_auto_delete && value.rabbit_quorum_queue) {
      const message =
        'cannot be combined with rabbit_quorum_queue: RabbitMQ has no quorum queues that delete themselves';
      issues.push({ code: 'custom', input: true, path: ['amqp_auto_delete'], message });
    }
  });

const TokenSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'may hold letters, digits, dot, _ and -, at most 64')
    .describe('whose it is; its requests come from `http:<name>`'),
  token: SecretSchema.refine((token) => /^[\x21-\x7e]{16,4096}$/.test(token.reveal()), {
    message: 'must be 16 to 4096 visible ASCII characters without a space; `openssl rand -hex 32` makes one',
  }).meta({ description: 'the token itself', typeText: 'secret reference' }),
  access: z
    .enum(['read', 'act'])
    .default('read')
    .describe('see what there is (`read`), or also ask for what changes something (`act`)'),
});

const HttpSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('serve HTTP: what there is to see, RPC, the addresses for MAAS, /healthz and /readyz'),
  host: z.string().min(1).max(255).default('127.0.0.1').describe('address to bind'),
  port: z.int().min(0).max(65_535).default(8780).describe('port to bind; 0 takes a free one'),
  names: z
    .array(z.string().regex(/^[A-Za-z0-9._-]{1,255}$/, 'is no host name; write it without a port'))
    .max(100)
    .prefault([])
    .describe(
      'further names, on a loopback address, by which callers may ask without a token: those of a proxy on this machine that lets in only who may see everything',
    ),
  token: secretField('bearer token with access `act`, named `default`').optional(),
  tokens: z
    .array(TokenSchema)
    .max(1000)
    .prefault([])
    .describe('further ones; a token is required when host is not a loopback address, and for every change'),
});

/** What others reach us by; paths are added to it. */
const publicUrlSchema = (example: string, longest: number) =>
  z
    .url({ protocol: /^https?$/, error: `is no web address; write ${example}` })
    .max(longest)
    .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), { error: 'holds a password; whoever comes by it needs none' })
    .refine((url) => !/[?#;\s]/.test(url), { error: 'must end with its path, and hold no semicolon' })
    .transform((url) => url.replace(/\/+$/, ''));

const SeedSchema = z.strictObject({
  bind: z.string().min(1).max(255).default('0.0.0.0').describe('address to bind; guests must reach it'),
  port: z.int().min(0).max(65_535).default(8781).describe('port to bind; 0 takes a free one'),
  // It becomes a kernel parameter, which has little room, ends at a space and is taken apart at semicolons.
  public_url: publicUrlSchema('http://192.0.2.10:8781', 128).meta({
    description: 'by which guests reach the listener; `/v1/seed/<token>/` is added',
    typeText: 'address',
  }),
});

const ConsoleSchema = z.strictObject({
  public_url: publicUrlSchema('https://zenova.example', 1024).optional().meta({
    description:
      'by which callers reach the HTTP surface of this very process, for consoles; `/v1/console/<token>` is added, and `ws` takes the place of `http`',
    typeText: 'address',
    defaultText: '`http.host` and `http.port`; the name of the machine where that is any address',
  }),
});

const ImagesSchema = z.strictObject({
  directories: z.array(PathSchema).max(100).default([]).meta({
    description: 'images at `file:` addresses are taken from, and put, below these directories alone',
    defaultText: 'none, so from no file',
  }),
  max_gib: z.number().positive().max(1024).default(16).describe('larger images are refused'),
  timeout: durationField({ minMs: 1000, maxMs: DAY_MS })
    .prefault('1h')
    .meta({ description: 'for fetching one image', typeText: 'duration' }),
  ca_file: PathSchema.optional().describe('PEM file of the CAs of image servers, in place of those of the system'),
});

const LogSchema = z.strictObject({
  level: z.enum(LOG_LEVELS).default('info').describe('least level that is written; the log goes to standard error'),
});

const TracingSchema = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'is no web address; write http://collector:4318' })
    .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), { error: 'holds a password; write it into headers' })
    .meta({
      description:
        'OpenTelemetry collector that takes OTLP over HTTP; `/v1/traces` is added. Nothing is traced without it',
      typeText: 'address',
    }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/, 'is no name of a header'), SecretSchema)
    .prefault({})
    .meta({
      description: 'sent along, by name',
      typeText: 'map of secret references',
    }),
  sample: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('share of the traces that begin here which is kept; of the traces of callers, they decide'),
});

const PostgresUrlSchema = z
  .instanceof(Secret, {
    error: 'must be an address such as postgresql://user@host/database, {file: /path} or {env: NAME}',
  })
  .refine((url) => URL.canParse(url.reveal()) && /^postgres(ql)?:$/.test(new URL(url.reveal()).protocol), {
    message: 'is no database address; write postgresql://user:password@host:port/database',
  });

const JournalSchema = z.strictObject({
  url: PostgresUrlSchema.optional().meta({
    description: 'PostgreSQL database, which any number of services can share; may be a secret reference',
    typeText: 'address or secret reference',
    defaultText: 'SQLite file journal.db in state_dir, for this service alone',
  }),
  max_connections: z.int().min(2).max(200).default(10).describe('connections to PostgreSQL'),
  lease: durationField({ minMs: 1000, maxMs: HOUR_MS }).prefault('30s').meta({
    description: 'services that share a database take over from one that says nothing for so long',
    typeText: 'duration',
  }),
  keep: durationField({ minMs: MIN_KEEP_MS, maxMs: 3650 * DAY_MS })
    .prefault('30d')
    .meta({ description: `how long outcomes are kept; at least ${MIN_KEEP}`, typeText: 'duration' }),
  max_accepted: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('unfinished operations above which consuming stops, and changes asked for over HTTP are refused'),
  max_per_target: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('unfinished operations of one target above which further ones are refused'),
  max_concurrent: z.int().min(1).max(1000).default(16).describe('operations running at once on one endpoint'),
  start_within: durationField({ minMs: 1000, maxMs: DAY_MS }).prefault('10m').meta({
    description: 'accepted operations not begun within this time end unbegun after a restart',
    typeText: 'duration',
  }),
});

/** Keys are looked at here, so that a bad one is reported with its place. */
const KeySchema = SecretSchema.superRefine((key, context) => {
  const message = keyMistake(key.reveal());
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const SecretsSchema = z
  .strictObject({
    key: KeySchema.optional().meta({
      description: 'key that encrypts secrets at rest, 32 bytes in base64; `zenova secrets generate` makes one',
      typeText: 'secret reference',
      defaultText: 'what key_file holds',
    }),
    key_file: PathSchema.optional().meta({
      description:
        'file with this key, when `key` is not given; created when missing, unless services share the journal',
      defaultText: 'secrets.key in state_dir',
    }),
    previous_keys: z.array(KeySchema).max(16).prefault([]).meta({
      description: 'keys that secrets may still be encrypted with, to read them; see `zenova secrets rotate`',
      typeText: 'list of secret references',
    }),
  })
  .refine(({ key, key_file: file }) => key === undefined || file === undefined, {
    path: ['key_file'],
    message: 'stands beside secrets.key; there is one current key, and the others are in secrets.previous_keys',
  });

const AuditSchema = z.strictObject({
  file: PathSchema.optional().meta({
    description: 'file to which a line of JSON is appended for each change and refusal; opened anew on SIGHUP',
    defaultText: 'the service log, in lines with `"audit": true`',
  }),
});

const RuleSchema = z.strictObject({
  callers: z.array(PatternSchema).min(1).describe('whom the rule speaks of, as `requested_by` names them'),
  methods: z.array(PatternSchema).min(1).prefault(['*']).describe('what they ask for: `power.*`, `compute.get_*`'),
  hosts: z
    .array(PatternSchema)
    .min(1)
    .optional()
    .meta({ description: 'only requests that name one of these hosts', defaultText: 'all requests' }),
  power_types: z
    .array(PatternSchema)
    .min(1)
    .optional()
    .meta({ description: 'only requests that name one of these power types', defaultText: 'all requests' }),
  machines: z
    .array(PatternSchema)
    .min(1)
    .optional()
    .meta({ description: 'only requests that name one of these registered machines', defaultText: 'all requests' }),
  action: z.enum(['allow', 'deny']).default('allow').describe('what becomes of such a request'),
});

export const HostFileSchema = z.strictObject({
  driver: z.string().min(1).describe('virt driver, see `zenova features`'),
  settings: z
    .record(z.string(), z.unknown())
    .prefault({})
    .meta({ description: 'what the driver needs; see its section below', typeText: 'map' }),
  manage: z
    .array(PatternSchema)
    .optional()
    .meta({ description: 'instances that changing requests may touch', defaultText: 'as the driver decides' }),
  protect: z
    .array(PatternSchema)
    .prefault([])
    .describe('instances that changing requests never touch; wins over manage'),
  protect_self: z.boolean().default(true).describe('never stop the instance that this service runs in'),
});

export const HostNameKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'is no host name: letters, digits, dot, underscore and hyphen only');

export const ConfigFileSchema = z.strictObject({
  server: ServerSchema.optional().meta({
    description: 'name of this service; it also takes requests from `zenova.rpc.server.<server>`',
    defaultText: 'host name of the machine',
  }),
  group: GroupSchema.optional().describe('take requests from `zenova.rpc.<group>` instead of `zenova.rpc`'),
  state_dir: PathSchema.optional().meta({
    description: 'directory of the journal and the key',
    defaultText: '/var/lib/zenova when it exists and is writable, else zenova in $XDG_STATE_HOME or ~/.local/state',
  }),
  amqp: AmqpSchema.prefault({}),
  oslo: OsloSchema.prefault({}),
  http: HttpSchema.prefault({}),
  seed: SeedSchema.optional().describe('where guests read what they need for their first start; off without it'),
  console: ConsoleSchema.prefault({}),
  images: ImagesSchema.prefault({}).describe('where images of instances may come from'),
  log: LogSchema.prefault({}),
  tracing: TracingSchema.optional().describe('where traces are sent to'),
  journal: JournalSchema.prefault({}),
  secrets: SecretsSchema.prefault({}),
  audit: AuditSchema.prefault({}),
  rules: z.array(RuleSchema).max(1000).optional().describe('what callers may do; see Caller rules'),
  hosts: z.record(HostNameKeySchema, HostFileSchema).prefault({}).describe('the places where instances live, by name'),
});
export type ConfigFile = z.output<typeof ConfigFileSchema>;
