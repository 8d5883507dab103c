import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { METHODS } from '../../src/compute/contract/index.js';
import { loadConfig, parseSource } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { newKeyText } from '../../src/common/encryption-key.js';
import { tell } from '../support/tell.js';
import { PAGES, examplesOf, titleOf, type Example } from './documents.js';
import { forgotten, reasonToLeaveOut } from './left-out.js';
import { Sandbox, type Ran, type SandboxOptions } from './sandbox.js';

interface Scene extends SandboxOptions {
  /** What somebody types who is asked, line by line, by what the example holds that asks. */
  readonly answers?: Readonly<Record<string, string>>;
}

const API_TOKEN = 'a-token-of-the-documents';
/** Where the examples of a page are carried out, in order; those of a page that is not named, where `npm start` serves. */
const AT_NPM_START: Scene = { estate: true };
const SCENES: Readonly<Record<string, Scene>> = {
  'docs/api.md': { ...AT_NPM_START, environment: { ZENOVA__HTTP__TOKEN: API_TOKEN, TOKEN: API_TOKEN } },
  'docs/openstack.md': {
    estate: true,
    users: ['zenova', 'caller'],
    environment: { ZENOVA__OSLO__ENABLED: 'true' },
    answers: { ZENOVA_TRANSPORT_URL: 'rabbit://guest:guest@127.0.0.1:5672/\n' },
  },
  'docs/install.md': {
    estate: false,
    postgres: true,
    answers: {
      'add_user zenova': 'of-zenova\nof-caller\n',
      'RabbitMQ user zenova': 'of-zenova\n',
      'export ZENOVA_AMQP_URL': 'amqp://caller:of-caller@127.0.0.1:5672\n',
      createuser: 'of-postgres\nof-postgres\n',
    },
  },
  'src/drivers/hmc-dpm/README.md': { estate: false },
  'src/drivers/virsh/README.md': { estate: false },
  'docs/instances.md': { ...AT_NPM_START, answers: { WEB01_PASSWORD: 'of-root\n' } },
  'docs/machines.md': { ...AT_NPM_START, answers: { 'HMC user': 'zenova-simulator\n' } },
  'docs/first-lpar.md': {
    estate: false,
    isInstalled: true,
    answers: { 'HMC user': 'zenova-simulator\n' },
  },
  'docs/first-kvm-guest.md': { estate: false, isInstalled: true, libvirt: true },
};

describe.each(PAGES)('%s', (page) => {
  const scene = SCENES[page] ?? AT_NPM_START;
  const examples = examplesOf(page).filter((example) => reasonToLeaveOut(example) === undefined);
  if (examples.length === 0) return it.each(['nothing'])('shows %s that could be carried out', () => undefined);

  let sandbox: Sandbox;
  beforeAll(async () => {
    const isReadOnly = examples.every(({ language }) => language === 'yaml' || language === 'json');
    sandbox = await Sandbox.open({ ...scene, isReadOnly });
  });
  afterAll(async () => {
    const accepted = sandbox.accepted();
    if (accepted.length > 0) tell(`${page}: ${accepted.join(`\n${page}: `)}`);
    await sandbox.close();
  });

  it.each(examples.map((example) => [titleOf(example), example] as const))('%s', async (_, example) => {
    const { code, output } = await outcomeOf(example, scene, sandbox);
    expect(code === 0 ? '' : output).toBe('');
    expect(code).toBe(0);
  });
});

it('every example that is left out is there, and has its reason', () => {
  const all = PAGES.flatMap(examplesOf);
  expect(all.length).toBeGreaterThan(20); // the pages are read as they are meant
  expect(forgotten(all)).toEqual([]);
  const left = all.flatMap((example) => {
    const reason = reasonToLeaveOut(example);
    return reason === undefined ? [] : [`left out: ${titleOf(example)}\n          ${reason}`];
  });
  tell(left.join('\n'));
});

async function outcomeOf(example: Example, { answers = {} }: Scene, sandbox: Sandbox): Promise<Ran> {
  const { language, text } = example;
  if (language === 'sh') {
    const answer = Object.entries(answers).find(([asked]) => text.includes(asked))?.[1];
    return sandbox.shell(text, answer);
  }
  if (language === 'ts') return sandbox.program(text);
  if (language === 'yaml') return isDescription(text) ? described(text) : configured(text, sandbox);
  if (language === 'json') return { code: 0, output: JSON.stringify(JSON.parse(text)) };
  throw new Error(`nobody here knows how to carry out ${language}: teach this test, or name it in left-out.ts`);
}

const isDescription = (yaml: string): boolean => /^flavor:/m.test(yaml);

/** A description of an instance, whose references lead to something. */
function described(text: string): Ran {
  const description: unknown = parseYaml(text, (_name, value: unknown) => (isReference(value) ? 'referred to' : value));
  const checked = METHODS['compute.spawn'].params.safeParse({ host: 'host1', ...Object(description) });
  return checked.success ? { code: 0, output: checked.data.name } : { code: 1, output: checked.error.message };
}

function isReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const [name, another] = Object.keys(value);
  return another === undefined && (name === 'file' || name === 'env');
}

/** A configuration, when the files and variables are there that it refers to. */
function configured(text: string, sandbox: Sandbox): Ran {
  const yaml = sandbox.adapted(text);
  for (const [, file = ''] of yaml.matchAll(/(?<![a-z])file: ?([^\s},]+)/g)) {
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) writeFileSync(file, contentFor(file), { mode: 0o600 });
  }
  const environment = Object.fromEntries(
    [...yaml.matchAll(/\benv: ?(\w+)/g)].map(([, name = '']) => [name, contentFor(name.toLowerCase())]),
  );
  const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
  const source = parseSource(yaml, join(sandbox.directory, 'zenova.yaml'));
  const { server } = loadConfig(
    { ...source, document: { hosts: hostsOfRules(yaml), ...source.document } },
    { driverSettings, environment },
  );
  return { code: 0, output: server };
}

/** Hosts that caller rules speak of, for an example that shows nothing but rules. */
function hostsOfRules(yaml: string): Record<string, unknown> {
  const names = [...yaml.matchAll(/hosts: \[([^\]]+)\]/g)].flatMap(([, list = '']) =>
    list.split(/[\s,']+/).filter(Boolean),
  );
  return Object.fromEntries(names.map((name) => [name.replace('*', '1'), { driver: 'fake' }]));
}

function contentFor(name: string): string {
  if (name.includes('journal-url')) return 'postgresql://zenova:x@db.example.org/zenova';
  if (name.includes('url')) return 'amqps://zenova:x@broker.example.org';
  return newKeyText(); // as good a key as it is a password or a token
}
