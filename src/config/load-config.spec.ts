import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ComputeError } from '../common/errors/index.js';
import { Secret } from '../common/secret.js';
import type { Config, HostConfig } from './config.js';
import { parseSource } from './config-source.js';
import { effectiveConfig, showConfig } from './describe-config.js';
import type { Environment } from './environment.js';
import { loadConfig } from './load-config.js';
import type { Mistake } from './mistakes.js';

const driverSettings = new Map<string, z.ZodType>([
  [
    'hmc-dpm',
    z.strictObject({
      endpoint: z.string(),
      userid: z.string(),
      password: z.instanceof(Secret),
      cpc: z.string(),
      tls: z.strictObject({ fingerprint_sha256: z.string() }).optional(),
      poll_ms: z.int().min(100).optional(),
    }),
  ],
  ['fake', z.strictObject({})],
]);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-config-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function load(text: string, environment: Environment = {}): Config {
  return loadConfig(parseSource(text, join(directory, 'zenova.yaml')), { driverSettings, environment });
}

function mistakesOf(work: () => unknown): Mistake[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ComputeError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    return error.details['mistakes'] as Mistake[];
  }
  throw new Error('nothing was wrong with it');
}

function secretFile(name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function secretOf(host: HostConfig | undefined, setting: string): string {
  const secret = host?.settings[setting];
  if (!(secret instanceof Secret)) throw new Error('there is no secret');
  return secret.reveal();
}

describe('a configuration', () => {
  it('is complete when nothing is written', () => {
    const config = load('', { XDG_STATE_HOME: '/tmp/state' });
    expect(config.amqp.urls.map((url) => url.reveal())).toEqual(['amqp://127.0.0.1:5672']);
    expect(config).toMatchObject({
      isSimulatedEstate: false,
      group: null,
      amqp: { prefetch: 256, deadQueue: 'zenova.rpc.dead', eventsExchange: 'zenova.events', tls: { verify: true } },
      http: { enabled: true, host: '127.0.0.1', port: 8780, names: [], tokens: [] },
      log: { level: 'info' },
      journal: {
        keepMs: 30 * 86_400_000,
        maxAccepted: 10_000,
        maxPerTarget: 100,
        maxConcurrent: 16,
        startWithinMs: 600_000,
      },
    });
    expect(config.server.length).toBeGreaterThan(0);
    expect(config.hosts.size).toBe(0);
  });

  it('reads hosts, and resolves their secrets', () => {
    const file = secretFile('pw', 'top-secret\n');
    const config = load(
      `
state_dir: state
journal: {keep: 48h, max_concurrent: 4}
hosts:
  cpc1:
    driver: hmc-dpm
    settings: {endpoint: hmc1, userid: op, password: {file: ${file}}, cpc: CPC1}
    manage: ['web*', db1]
  cpc2:
    driver: hmc-dpm
    settings: {endpoint: hmc1, userid: op, password: {env: PW}, cpc: CPC2}
    protect: [prod]
    protect_self: false
  spare:
    driver: fake
    settings:
`,
      { PW: 'other-secret' },
    );
    expect([...config.hosts.keys()]).toEqual(['cpc1', 'cpc2', 'spare']);
    const [one, two] = [...config.hosts.values()];
    expect(one).toMatchObject({ manage: ['web*', 'db1'], protect: [], protectSelf: true });
    expect(two).toMatchObject({ manage: null, protect: ['prod'], protectSelf: false });
    expect(secretOf(one, 'password')).toBe('top-secret');
    expect(secretOf(two, 'password')).toBe('other-secret');
    expect(config.stateDir).toBe(join(directory, 'state'));
    expect(config.secrets.keyFile).toBe(join(directory, 'state', 'secrets.key'));
    expect(config.journal.keepMs).toBe(48 * 3_600_000);
  });

  it('reads the files of TLS', () => {
    secretFile('ca.pem', 'CA', 0o644);
    secretFile('key.pem', 'KEY');
    const { tls } = load('amqp: {tls: {ca_file: ca.pem, key_file: key.pem, verify: false}}').amqp;
    expect(tls).toMatchObject({ ca: 'CA', cert: null, verify: false });
    expect(tls.key?.reveal()).toBe('KEY');
  });

  it('takes a list of brokers, each of which may be a secret', () => {
    const config = load('amqp: {url: [amqp://one, {env: TWO}]}', { TWO: 'amqps://u:p@two:5671/v' });
    expect(config.amqp.urls.map((url) => url.reveal())).toEqual(['amqp://one', 'amqps://u:p@two:5671/v']);
  });
});

describe('a database that services share', () => {
  it('may be a secret, and shows no password', () => {
    const config = load('journal: {url: {env: DB}, lease: 5s}', { DB: 'postgresql://zenova:hunter2@db/zenova' });
    expect(config.journal.url?.reveal()).toBe('postgresql://zenova:hunter2@db/zenova');
    expect(config.journal).toMatchObject({ leaseMs: 5000, maxConnections: 10 });
    expect(showConfig(config)).not.toContain('hunter2');
    expect(effectiveConfig(config)).toMatchObject({
      journal: { url: 'postgresql://[redacted]@db/zenova', lease: '5s' },
    });
    expect(load('').journal.url).toBeNull();
  });

  it.each(['mysql://db/zenova', 'zenova', '{}'])('is no %s', (url) => {
    const mistakes = mistakesOf(() => load(`journal: {url: ${url}}`));
    expect(mistakes).toMatchObject([{ path: 'journal.url' }]);
  });
});

describe('keys', () => {
  const KEY = Buffer.alloc(32, 7).toString('base64');
  const OLD = Buffer.alloc(32, 8).toString('base64url');

  it('come by reference, the current one and earlier ones', () => {
    const file = secretFile('old', `${OLD}\n`);
    const { secrets } = load(`secrets: {key: {env: KEY}, previous_keys: [{file: ${file}}, {env: KEY}]}`, { KEY });
    expect(secrets.key?.reveal()).toBe(KEY);
    expect(secrets.previousKeys.map((key) => key.reveal())).toEqual([OLD, KEY]);
    expect(load('', { ZENOVA__SECRETS__KEY: KEY }).secrets.key?.reveal()).toBe(KEY);
    const listed = load('', { KEY, ZENOVA__SECRETS__PREVIOUS_KEYS: '[{env: KEY}]' });
    expect(listed.secrets).toMatchObject({ key: null, keyFile: expect.stringMatching(/secrets\.key$/) });
    expect(listed.secrets.previousKeys).toHaveLength(1);
    expect(showConfig(load('secrets: {key: {env: KEY}, previous_keys: [{env: KEY}]}', { KEY }))).not.toContain(KEY);
  });

  it.each<[string, string, string, string]>([
    ['secrets: {key: {env: KEY}}', 'c2hv', 'secrets.key', 'is no key: it holds 3 bytes, not 32'],
    ['secrets: {key: {env: KEY}}', '!'.repeat(44), 'secrets.key', 'is no key: a key is 32 bytes in base64'],
    ['secrets: {key: {env: KEY}}', ' ', 'secrets.key', 'is empty; make one with: zenova secrets generate'],
    ['secrets: {key: {env: KEY}}', '', 'secrets.key', 'KEY is empty'],
    ['secrets: {key: abc}', '', 'secrets.key', 'is not written here in clear'],
    ['secrets: {key: {env: KEY}, key_file: x}', KEY, 'secrets.key_file', 'there is one current key'],
    ['secrets: {previous_keys: [{env: KEY}]}', 'short', 'secrets.previous_keys[0]', 'is no key'],
    ['secrets: {previous_keys: [abc]}', '', 'secrets.previous_keys[0]', 'is not written here in clear'],
    ['secrets: {previous_keys: {env: KEY}}', KEY, 'secrets.previous_keys', 'expected array'],
    ['secrets: {previous_keys: [{file: none}]}', '', 'secrets.previous_keys[0]', 'does not exist'],
  ])('%s with "%s" is a mistake', (text, key, path, message) => {
    const mistakes = mistakesOf(() => load(text, { KEY: key }));
    expect(mistakes).toMatchObject([{ path, message: expect.stringContaining(message) }]);
    if (key.trim() !== '') expect(JSON.stringify(mistakes)).not.toContain(key);
  });
});

describe('oslo callers', () => {
  it('are not served unless that is said', () => {
    expect(load('oslo: {topic: other}').oslo).toBeNull();
    expect(effectiveConfig(load('oslo: {topic: other}'))).toMatchObject({ oslo: { enabled: false } });
  });

  it('are served with the flags of oslo.messaging itself', () => {
    const config = load('oslo: {enabled: true, rabbit_transient_queues_ttl: 60}');
    expect(config.oslo).toMatchObject({
      topic: 'zenova',
      rabbitTransientQueuesTtlSeconds: 60,
      amqpDurableQueues: false,
    });
    expect(load(JSON.stringify({ oslo: effectiveConfig(config)['oslo'] })).oslo).toEqual(config.oslo);
  });

  it('may use a topic of Nova when that is allowed', () => {
    expect(load('oslo: {enabled: true, topic: compute, allow_nova_topic: true}').oslo).toMatchObject({
      topic: 'compute',
    });
  });
});

describe('seeds for first starts', () => {
  it('are served nowhere unless that is said', () => expect(load('').seed).toBeNull());

  it('have an address of their own', () => {
    expect(load('seed: {public_url: "http://192.0.2.10:8781/"}').seed).toEqual({
      bind: '0.0.0.0',
      port: 8781,
      publicUrl: 'http://192.0.2.10:8781',
    });
    const text = 'seed: {bind: 192.0.2.10, port: 80, public_url: "https://seeds.example/zenova"}';
    expect(load(text).seed).toEqual({ bind: '192.0.2.10', port: 80, publicUrl: 'https://seeds.example/zenova' });
  });

  it.each([
    ['{}', 'seed.public_url'],
    ['{public_url: "seeds.example:8781"}', 'seed.public_url'],
    ['{public_url: "ftp://seeds.example"}', 'seed.public_url'],
    ['{public_url: "http://user:hunter2@seeds.example"}', 'seed.public_url'],
    ['{public_url: "http://seeds.example/?a=b"}', 'seed.public_url'],
    ['{public_url: "http://seeds.example/a;b"}', 'seed.public_url'],
    ['{public_url: "http://seeds.example/a b"}', 'seed.public_url'],
    [`{public_url: "http://seeds.example/${'a'.repeat(128)}"}`, 'seed.public_url'],
    ['{public_url: "http://seeds.example", port: 70000}', 'seed.port'],
  ])('are refused with %s', (section, path) => {
    const mistakes = mistakesOf(() => load(`seed: ${section}`));
    expect(mistakes).toMatchObject([{ path }]);
    expect(JSON.stringify(mistakes)).not.toContain('hunter2');
  });
});

describe('traces', () => {
  const environment = { COLLECTOR: 'Bearer correct-horse' };

  it('go nowhere unless that is said', () => expect(load('').tracing).toBeNull());

  it('go to a collector, with secrets in their headers', () => {
    const text = 'tracing: {endpoint: "https://otel.example:4318", headers: {Authorization: {env: COLLECTOR}}}';
    const config = load(text, environment);
    expect(config.tracing).toMatchObject({ endpoint: 'https://otel.example:4318', sample: 1 });
    expect(config.tracing?.headers['Authorization']?.reveal()).toBe('Bearer correct-horse');
    expect(showConfig(config)).not.toContain('correct-horse');
    expect(showConfig(config)).toContain('otel.example');
  });

  it.each([
    ['{endpoint: "otel.example:4317"}', 'tracing.endpoint'],
    ['{endpoint: "http://user:hunter2@otel.example"}', 'tracing.endpoint'],
    ['{endpoint: "http://otel.example", sample: 2}', 'tracing.sample'],
    ['{endpoint: "http://otel.example", headers: {Authorization: hunter2}}', 'tracing.headers.Authorization'],
    ['{endpoint: "http://otel.example", headers: {"X: Y": {env: COLLECTOR}}}', 'tracing.headers.X: Y'],
    ['{sample: 0.5}', 'tracing.endpoint'],
  ])('%s is a mistake', (text, path) => {
    const mistakes = mistakesOf(() => load(`tracing: ${text}`, environment));
    expect(mistakes.map((mistake) => mistake.path)).toEqual([path]);
    expect(JSON.stringify(mistakes)).not.toContain('hunter2');
  });
});

describe('mistakes', () => {
  it('are reported at once, each with its path and place', () => {
    const mistakes = mistakesOf(() =>
      load(
        `
http:
  prot: 1
  port: ninety
journal:
  keep: 1h
hosts:
  cpc1:
    driver: hmc-dmp
  cpc2:
    driver: hmc-dpm
    settings:
      endpoint: 7
      usrid: op
      password: clear-text
      cpc: CPC2
  'no good': {driver: fake}
logs: {}
`,
        { ZENOVA__AMQP__PREFETCH: 'many', ZENOVA__HTTP__PROT: '1' },
      ),
    );
    const seen = mistakes.map(({ path, message, at }) => `${at} | ${path} | ${message}`);
    expect(seen).toEqual(
      expect.arrayContaining([
        'line 3, column 3 | http.prot | unknown key; did you mean port?',
        'line 4, column 3 | http.port | Invalid input: expected number, received string',
        'line 6, column 3 | journal.keep | must be 1d to 3650d',
        'line 9, column 5 | hosts.cpc1.driver | there is no driver of this name; did you mean hmc-dpm?',
        'line 13, column 7 | hosts.cpc2.settings.endpoint | Invalid input: expected string, received number',
        'line 14, column 7 | hosts.cpc2.settings.usrid | unknown key; did you mean userid?',
        'line 12, column 5 | hosts.cpc2.settings.userid | is required',
        'line 18, column 1 | logs | unknown key; did you mean log?',
        'ZENOVA__AMQP__PREFETCH | amqp.prefetch | Invalid input: expected number, received string',
        'ZENOVA__HTTP__PROT | http.prot | there is no such setting; did you mean http.port?',
      ]),
    );
    expect(seen).toContainEqual(
      expect.stringMatching(/^line 15, .* \| hosts\.cpc2\.settings\.password \| a secret is not/),
    );
    expect(seen).toContainEqual(expect.stringMatching(/^line 17, .* \| hosts\.no good \| is no host name/));
    expect(seen).toHaveLength(12);
    const lines = seen.map((text) => Number(/^line (\d+)/.exec(text)?.[1] ?? 99));
    expect(lines).toEqual(lines.toSorted((one, other) => one - other));
    expect(JSON.stringify(mistakes)).not.toContain('clear-text');
  });

  const SET = { EMPTY: '', SHORT: 'abc', LONG: 'l'.repeat(32), LONGER: 'l'.repeat(33) };
  it.each<[string, string, string]>([
    ['amqp: {url: "http://x"}', 'amqp.url', 'is no broker address'],
    ['amqp: {url: 7}', 'amqp.url', 'must be an address'],
    ['amqp: {url: []}', 'amqp.url', 'Too small'],
    ['http: {host: 0.0.0.0}', 'http.token', 'is required because'],
    ['http: {token: abc}', 'http.token', 'is not written here in clear'],
    ['http: {token: {env: NOPE}}', 'http.token', 'NOPE is not set'],
    ['http: {token: {file: nope}}', 'http.token', 'does not exist'],
    ['http: {token: {fil: x}}', 'http.token', 'write {file:'],
    ['http: {token: {env: EMPTY}}', 'http.token', 'EMPTY is empty'],
    ['http: {tokens: [{name: a, token: abc}]}', 'http.tokens[0].token', 'is not written here in clear'],
    ['http: {tokens: [{name: a, token: {env: NOPE}}]}', 'http.tokens[0].token', 'NOPE is not set'],
    ['http: {tokens: [{name: a, token: {env: SHORT}}]}', 'http.tokens[0].token', 'must be 16 to 4096'],
    ['http: {tokens: [{name: "a b", token: {env: LONG}}]}', 'http.tokens[0].name', 'may hold letters'],
    ['http: {tokens: [{name: a, token: {env: LONG}, access: all}]}', 'http.tokens[0].access', 'Invalid option'],
    ['http: {token: {env: LONG}, tokens: [{name: default, token: {env: LONGER}}]}', 'http.tokens[0].name', 'is taken'],
    [
      'http: {token: {env: LONG}, tokens: [{name: a, token: {env: LONG}}]}',
      'http.tokens[0].token',
      'same as http.token',
    ],
    ['group: dead', 'group', 'is not "dead"'],
    ['group: a b', 'group', 'may hold letters'],
    ['server: -x', 'server', 'may hold letters'],
    ['journal: {keep: 30}', 'journal.keep', 'expected string'],
    ['journal: {keep: soon}', 'journal.keep', 'is no duration'],
    ['journal: {max_concurrent: 0}', 'journal.max_concurrent', 'Too small'],
    ['log: {level: loud}', 'log.level', 'Invalid option'],
    ['hosts: []', 'hosts', 'expected record'],
    ['hosts: {a: {}}', 'hosts.a.driver', 'is required'],
    ['hosts: {a: {driver: fake, settings: {x: 1}}}', 'hosts.a.settings.x', 'unknown key'],
    ['hosts: {a: {driver: fake, manage: "*"}}', 'hosts.a.manage', 'expected array'],
    ['oslo: {topic: compute}', 'oslo.topic', 'is a topic of Nova'],
    ['oslo: {topic: a.b}', 'oslo.topic', 'may hold letters'],
    ['oslo: {amqp_auto_delete: true, rabbit_quorum_queue: true}', 'oslo.amqp_auto_delete', 'cannot be combined'],
    ['amqp: {tls: {ca_file: none.pem}}', 'amqp.tls.ca_file', 'does not exist'],
  ])('%s', (text, path, message) => {
    const mistakes = mistakesOf(() => load(text, SET));
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatchObject({
      path,
      message: expect.stringContaining(message),
      at: expect.stringContaining('line 1'),
    });
  });

  it('in files of TLS are reported beside others', () => {
    const mistakes = mistakesOf(() => load('amqp: {tls: {ca_file: none.pem, verify: 7}}\nlog: 1'));
    expect(mistakes.map(({ path }) => path).toSorted()).toEqual(['amqp.tls.ca_file', 'amqp.tls.verify', 'log']);
  });

  it('refuses a secret file that every user can open', () => {
    const file = secretFile('pw', 'x', 0o644);
    const [mistake] = mistakesOf(() => load(`http: {token: {file: ${file}}}`));
    expect(mistake?.message).toBe(`${file} is open to every user (mode 0644); run: chmod o-rwx ${file}`);
  });
});

describe('the environment', () => {
  it('overrides the file by path', () => {
    const config = load(
      'http: {port: 1}\nhosts: {my-cpc.1: {driver: hmc-dpm, settings: {endpoint: a, userid: u, cpc: C}}}',
      {
        ZENOVA__HTTP__PORT: '8781',
        ZENOVA__HTTP__ENABLED: 'false',
        ZENOVA__SERVER: '0123',
        ZENOVA__HTTP__TOKEN: 'tok',
        ZENOVA__HOSTS__MY_CPC_1__SETTINGS__PASSWORD: 'pw',
        ZENOVA__HOSTS__MY_CPC_1__SETTINGS__TLS__FINGERPRINT_SHA256: 'AB:CD',
        ZENOVA__HOSTS__MY_CPC_1__SETTINGS__POLL_MS: '500',
        ZENOVA__HOSTS__MY_CPC_1__MANAGE: '["*", b]',
        ZENOVA_AMQP_URL: 'amqp://a:b@elsewhere',
        ZENOVA_STATE_DIR: '/srv/zenova',
        ZENOVA_UNRELATED: 'x',
      },
    );
    const host = config.hosts.get('my-cpc.1');
    expect(config).toMatchObject({ server: '0123', stateDir: '/srv/zenova', http: { port: 8781, enabled: false } });
    expect(config.http.tokens.map(({ name, token, access }) => [name, token.reveal(), access])).toEqual([
      ['default', 'tok', 'act'],
    ]);
    expect(config.amqp.urls[0]?.reveal()).toBe('amqp://a:b@elsewhere');
    expect(host).toMatchObject({
      manage: ['*', 'b'],
      settings: { poll_ms: 500, tls: { fingerprint_sha256: 'AB:CD' } },
    });
    expect(secretOf(host, 'password')).toBe('pw');
  });

  it.each([
    ['ZENOVA__HTTP', 'is a section'],
    ['ZENOVA__NOPE__X', 'there is no such setting'],
    ['ZENOVA__HTTP_PORT', 'two underscores join the parts of a path'],
    ['ZENOVA__HOSTS__NEW__SETTINGS__USER', 'there is no such setting'],
    ['ZENOVA__HTTP__PORT', 'Too big'],
  ])('%s that does not fit is named', (variable, message) => {
    const mistakes = mistakesOf(() => load('', { [variable]: '99999' }));
    expect(mistakes).toMatchObject([{ at: variable, message: expect.stringContaining(message) }]);
  });
});

describe('secrets', () => {
  it('are not in what is shown, inspected or logged', () => {
    const config = load(
      'http: {token: {env: T}}\nhosts: {a: {driver: hmc-dpm, settings: {endpoint: h, userid: u, cpc: c, password: {env: P}}}}',
      { T: 'hidden-token', P: 'hidden-password', ZENOVA_AMQP_URL: 'amqp://u:hidden-amqp@h' },
    );
    const shown = [
      showConfig(config),
      JSON.stringify(config),
      inspect(config, { depth: 9 }),
      JSON.stringify([...config.hosts]),
    ];
    for (const text of shown) expect(text).not.toContain('hidden');
    expect(effectiveConfig(config)).toMatchObject({
      amqp: { url: 'amqp://[redacted]@h' },
      http: { tokens: [{ name: 'default', access: 'act', token: '[redacted]' }] },
      hosts: { a: { settings: { userid: 'u', password: '[redacted]' } } },
    });
  });
});
