import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as fc from 'fast-check';
import { attributeOf, childAt, childrenOf, parseXml, textOf } from '../../../src/connectors/xml/index.js';
import { ComputeError } from '../../../src/common/errors/index.js';
import { writeEncrypted } from '../../support/libvirt-storage.js';
import { VirshGuests } from '../../support/virsh-guests.js';

const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
const flavor = { vcpus: 1, memory_mib: 64 };
const virt = { virt_type: 'qemu', hotplug_slots: 0 };
let folder: string;
let guests: VirshGuests;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zenova-launch-'));
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file('empty.qcow2'), '1200M']);
  mkdirSync(file('folder'));
  const settings = { cpu: { mode: 'custom', model: 'qemu64', features: [{ name: 'svm', policy: 'disable' }] } };
  guests = await VirshGuests.start([], { folders: [folder], emulators: ['x86_64'], settings });
}, WITHIN_MS);

afterAll(async () => {
  await guests.stop();
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);
const call: VirshGuests['virsh']['call'] = (method, params) => guests.virsh.call(method, params);

let next = 0;
const described = (more: object = {}) => ({
  name: `web${next++}`,
  flavor,
  driver_options: { virsh: virt },
  ...more,
});

async function destroyed(instance: string): Promise<void> {
  await expect(call('compute.destroy', { instance })).resolves.toMatchObject({ outcome: 'done' });
  await expect(call('power.query', { instance })).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  expect(guests.volumes()).toEqual([]);
}

const disksOf = async (name: string) =>
  childrenOf(childAt(parseXml(await guests.definition(name)), 'devices'), 'disk').map((disk) => ({
    alias: attributeOf(childAt(disk, 'alias'), 'name'),
    source: attributeOf(childAt(disk, 'source'), 'file'),
    serial: textOf(childAt(disk, 'serial')),
  }));

describe('a launch', () => {
  test('tells its steps, and does nothing', async () => {
    const request = described({ flavor: { ...flavor, root_gib: 1 }, ssh_keys: ['ssh-ed25519 A b'] });
    const { steps } = await call('compute.spawn', { ...request, plan: true });
    expect((steps as { action: string }[]).map(({ action }) => action)).toEqual([
      'define-domain',
      'create-volume',
      'upload-volume',
      'start',
    ]);
    await expect(call('power.query', { instance: request.name })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
    expect(guests.volumes()).toEqual([]);
  });

  test('gives it the processor of the settings, or its own', async () => {
    const [usual, own] = [described({ start: false }), described({ start: false })];
    await call('compute.spawn', usual);
    const cpu = { mode: 'maximum' };
    await call('compute.spawn', { ...own, driver_options: { virsh: { ...virt, cpu } } });
    const [first, second] = await Promise.all([usual, own].map(({ name }) => guests.definition(name)));
    expect(first).toMatch(
      /<cpu mode='custom'[^>]*>\s*<model[^>]*>qemu64<\/model>\s*<feature policy='disable' name='svm'\/>/,
    );
    expect(second).toContain("<cpu mode='maximum'");
    await destroyed(usual.name);
    await destroyed(own.name);
  });

  test('leaves it off when it is not to run, and takes no name that another domain has', async () => {
    const request = described({ start: false });
    await expect(call('compute.spawn', request)).resolves.toMatchObject({ outcome: 'done', power_state: 'shutdown' });
    await expect(call('compute.spawn', request)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await destroyed(request.name);
    // It is gone already.
    await expect(call('compute.destroy', { instance: request.name })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
  });

  test.each<[string, string, () => object]>([
    ['a network that is not there', 'RESOURCE_NOT_FOUND', () => ({ networks: [{ name: 'nobody' }] })],
    ['an image that is not there', 'RESOURCE_NOT_FOUND', () => ({ image: { source: 'nobody' } })],
    ['a group without an interface', 'REQUEST_INVALID', () => ({ security_groups: ['nobody'] })],
    [
      'a group that is not there',
      'RESOURCE_NOT_FOUND',
      () => ({ networks: [{ name: 'lo' }], security_groups: ['nobody'] }),
    ],
    [
      'a file elsewhere on the host',
      'FORBIDDEN',
      () => ({ volumes: [{ id: 'v', connection: { type: 'file', path: '/etc/shadow' } }] }),
    ],
    [
      'a kernel elsewhere on the host',
      'FORBIDDEN',
      () => ({ driver_options: { virsh: { ...virt, kernel: { path: '/boot/vmlinuz' } } } }),
    ],
    ['a password that would not reach it', 'REQUEST_INVALID', () => ({ config_drive: false, admin_password: 'a' })],
    ['more memory than there is', 'CAPACITY_EXHAUSTED', () => ({ flavor: { vcpus: 1, memory_mib: 60_000_000 } })],
    ['limits of no disk', 'REQUEST_INVALID', () => ({ disk_limits: { total_iops_sec: 100 } })],
    [
      'an architecture without an emulator',
      'FEATURE_LIMITED',
      () => ({ driver_options: { virsh: { arch: 's390x' } } }),
    ],
    ['encrypted memory', 'FEATURE_UNSUPPORTED', () => ({ memory_encryption: true })],
    [
      'a volume that is not there',
      'RESOURCE_NOT_FOUND',
      () => ({ volumes: [{ id: 'v', connection: { type: 'file', path: file('nobody.img') } }] }),
    ],
    [
      'a volume that is a folder',
      'REQUEST_INVALID',
      () => ({ volumes: [{ id: 'v', connection: { type: 'file', path: file('folder') } }] }),
    ],
    [
      'a volume that cannot be but a folder',
      'REQUEST_INVALID',
      () => ({ volumes: [{ id: 'v', connection: { type: 'file', path: `${file('nobody')}/` } }] }),
    ],
    [
      'a kernel that is a folder',
      'REQUEST_INVALID',
      () => ({ driver_options: { virsh: { ...virt, kernel: { path: file('folder') } } } }),
    ],
    [
      'a kernel that is not there',
      'RESOURCE_NOT_FOUND',
      () => ({ driver_options: { virsh: { ...virt, kernel: { path: file('nobody') } } } }),
    ],
    [
      'an image with another checksum',
      'OPERATION_FAILED',
      () => ({ image: { source: `file:${file('empty.qcow2')}`, checksum: `sha256:${'0'.repeat(64)}` } }),
    ],
    [
      'a disk that is too small for its image',
      'REQUEST_INVALID',
      () => ({ flavor: { ...flavor, root_gib: 1 }, image: { source: `file:${file('empty.qcow2')}` } }),
    ],
  ])('is refused for %s (%s), and nothing is left of it', async (_what, code, more) => {
    const request = described(more());
    const refused = call('compute.spawn', request);
    await expect(refused).rejects.toMatchObject({ code });
    const { outcome } = await refused.catch((error: unknown) => error as ComputeError);
    expect(['not-started', 'not-applied']).toContain(outcome);
    await expect(call('power.query', { instance: request.name })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
    expect(guests.volumes()).toEqual([]);
  });

  test(
    'gives it its volumes, which stay',
    async () => {
      writeFileSync(file('data.img'), Buffer.alloc(1024 * 1024, 'data'));
      const key = 'key-of-the-volume';
      writeEncrypted(file('sealed.img'), key, 8);
      const data = { id: 'data', connection: { type: 'file', path: file('data.img') }, tag: 'front' };
      const volume = { id: 'sealed', connection: { type: 'file', path: file('sealed.img') } };
      const request = described({ volumes: [data, { ...volume, encryption: { format: 'luks', key } }] });
      await call('compute.spawn', request);
      expect(await disksOf(request.name)).toMatchObject([
        { source: file('data.img'), serial: 'front' },
        { source: file('sealed.img'), serial: 'sealed' },
      ]);
      expect(await guests.definition(request.name)).not.toContain(key);
      await expect(call('compute.get_info', { instance: request.name, devices: true })).resolves.toMatchObject({
        volumes: [{ id: 'data' }, { id: 'sealed' }],
      });

      // Another one may not have it as well.
      await expect(call('compute.spawn', described({ volumes: [data] }))).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
      });
      await destroyed(request.name);
      expect(readFileSync(file('data.img'), 'latin1')).toMatch(/^(data)+$/);

      const wrong = described({ volumes: [{ ...volume, encryption: { format: 'luks', key: 'another' } }] });
      await expect(call('compute.spawn', wrong)).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
        outcome: 'not-applied',
        message: expect.stringContaining('Nothing is left'),
      });
      expect(await guests.secrets()).toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    'gives it firmware, a TPM and memory in files, of which nothing is left',
    async () => {
      const request = described({
        flavor: { ...flavor, memory_mib: 128, memory_backing: 'file' },
        firmware: 'uefi',
        tpm: { version: '2.0' },
      });
      await call('compute.spawn', request);
      const xml = await guests.definition(request.name);
      expect(xml).toContain("firmware='efi'");
      expect(xml).toContain("<source type='file'/>");
      expect(guests.kept('nvram')).toEqual([`${request.name}_VARS.fd`]);
      await destroyed(request.name);
      expect(guests.kept('nvram')).toEqual([]);
    },
    WITHIN_MS,
  );
});

/** Text as nobody means it well. */
const hostile = fc.string({
  unit: fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    '..',
    '/',
    ' ',
    ']]>',
    '<!--',
    '&#0;',
    '<disk/>',
    'é',
    '😀',
    '\n',
    '%s',
    'a',
  ),
  minLength: 1,
  maxLength: 12,
});

describe('a hostile description', () => {
  test(
    'is refused, or makes a domain that holds exactly what was given',
    async () => {
      let made = 0;
      const property = fc.asyncProperty(hostile, hostile, fc.nat(), async (name, id, memory) => {
        const path = `${folder}/${id}`;
        const request = {
          ...described({ start: false, flavor: { vcpus: 1, memory_mib: (memory % 2_000_000) + 1 } }),
          name,
          volumes: [{ id, connection: { type: 'file', path } }],
        };
        if (!/^\.\.?$|[/\n]/.test(id)) writeFileSync(path, '');
        try {
          await call('compute.spawn', request);
        } catch (error) {
          if (error instanceof ComputeError) expect(['not-started', 'not-applied']).toContain(error.outcome);
          else throw error;
          expect(guests.volumes()).toEqual([]);
          return;
        }
        made += 1;
        const domain = parseXml(await guests.definition(name));
        expect(textOf(childAt(domain, 'name'))).toBe(name);
        expect(textOf(childAt(domain, 'memory'))).toBe(String(request.flavor.memory_mib * 1024));
        expect((await disksOf(name)).map(({ source }) => source)).toEqual([path]);
        await destroyed(name);
      });
      // One that can be made, whatever comes by chance: most are refused.
      const examples: [string, string, number][] = [
        ['a <b> & "c"', "it's & ]]>", 63],
        ['a', '..', 63],
      ];
      await fc.assert(property, { numRuns: 40, examples, endOnFailure: true });
      expect(made).toBeGreaterThan(0);
    },
    WITHIN_MS,
  );
});
