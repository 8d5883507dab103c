import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { systemClock } from '../../src/common/clock.js';
import { targetKey } from '../../src/common/ids.js';
import { silentLog } from '../../src/common/log.js';
import {
  SeedOffers,
  seedContent,
  seedKernelParameter,
  seedMedium,
  type FirstBoot,
  type GuestNic,
} from '../../src/first-boot/index.js';
import { SeedListener } from '../../src/http/index.js';
import type { OpenJournal } from '../../src/journal/index.js';
import { PLACES, accepted, claimed, type JournalPlace } from '../journal/journal-places.js';
import { cloudInit } from '../support/cloud-init.js';
import { eventually } from '../support/eventually.js';

const NICS: readonly GuestNic[] = [
  {
    mac: '02:00:00:00:00:01',
    qeth: { deviceNumber: '1000', type: 'osa' },
    vlan: 100,
    addresses: [
      { address: '192.0.2.7/24', gateway: '192.0.2.1', nameservers: ['192.0.2.53'] },
      { address: '2001:db8::7/64', gateway: '2001:db8::1', nameservers: ['192.0.2.53'] },
    ],
  },
  // Without quotes YAML 1.1 takes this one for a number.
  { mac: '12:34:56:11:22:33', qeth: { deviceNumber: '00B0', type: 'hipersockets' } },
];

function firstBoot(more: Partial<FirstBoot> = {}): FirstBoot {
  return { instanceId: '0199-aa', name: 'web1', nics: [], ...more };
}

/** Everything that asks for cloud-config of our own. */
const FULL: Partial<FirstBoot> = {
  adminPassword: 'correct horse',
  files: [{ path: '/etc/motd', content: Buffer.from('hello\n').toString('base64'), mode: '0640' }],
  diskConfig: 'manual',
  isKvmHost: true,
  nics: NICS,
};

const userData = (more: Partial<FirstBoot>): string => seedContent(firstBoot(more))['user-data'];

describe('cloud-init', () => {
  it('finds our cloud-config without a mistake', async () => {
    await expect(cloudInit.checkConfig(userData(FULL))).resolves.toContain('Valid');
    await expect(cloudInit.checkConfig(userData({}))).resolves.toContain('Valid');
    await expect(cloudInit.checkConfig('#cloud-config\nwrite_files: 7\n')).rejects.toThrow(/write_files/);
  });

  it("joins ours with the caller's, whose values win and whose lists come first", async () => {
    const callers = [
      '#cloud-config',
      'password: $6$theirs',
      'chpasswd: {list: [a]}',
      'write_files: [{path: /a}]',
      'bootcmd: [ls]',
      '',
    ].join('\n');
    const { parts, config } = await cloudInit.userData(userData({ ...FULL, userData: callers }));
    expect(parts[0]).toEqual({ type: 'text/cloud-config', text: callers });
    expect(config).toMatchObject({
      password: '$6$theirs',
      chpasswd: { list: ['a'], expire: false },
      write_files: [{ path: '/a' }, { path: '/etc/motd', permissions: '0640' }],
      growpart: { mode: 'off' },
      resize_rootfs: false,
    });
    expect(config?.['bootcmd']).toEqual([
      'ls',
      ...['learning', 'mcast_flooding'].map((name) => chzdev('0.0.1000', name)),
      ...['learning', 'flooding', 'mcast_flooding'].map((name) => chzdev('0.0.00b0', name)),
    ]);
  });

  const chzdev = (device: string, name: string): string[] => {
    return ['chzdev', '--yes', '--no-root-update', 'qeth', device, `vnicc/${name}=1`];
  };

  it.each([
    ['a script', '#!/bin/sh\necho "Grüße"  \r\n', 'text/x-shellscript'],
    ['a script after empty lines', '\n\n#!/bin/sh\ntrue\n', 'text/x-shellscript'],
    ['a hook', '#cloud-boothook\ntrue\n', 'text/cloud-boothook'],
    ['a template', '## template: jinja\n#cloud-config\nfqdn: {{ v1.local_hostname }}\n', 'text/jinja2'],
  ])('gets %s as it is, beside ours', async (_, callers, type) => {
    const { parts, config } = await cloudInit.userData(userData({ ...FULL, userData: callers }));
    expect(parts).toEqual([
      { type, text: callers },
      { type: 'text/cloud-config', text: expect.stringContaining('/etc/motd') },
    ]);
    expect(config).toMatchObject({ write_files: [{ path: '/etc/motd' }] });
  });

  it.each([
    ['', '\n'],
    ['From nobody Fri Nov 27 2026\r\n', '\r\n'],
  ])('takes a message of the caller apart as it would by itself (%j, %j)', async (envelope, end) => {
    const callers =
      envelope +
      [
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed;',
        '  boundary="=="',
        '',
        '--==',
        'Content-Type: text/x-shellscript',
        '',
        '#!/bin/sh',
        'true',
        '--==',
        'Content-Type: text/cloud-config',
        '',
        'write_files: [{path: /a}]',
        '--==--',
        '',
      ].join(end);
    const { parts, config } = await cloudInit.userData(userData({ ...FULL, userData: callers }));
    expect(parts.map(({ type }) => type)).toEqual(['text/x-shellscript', 'text/cloud-config', 'text/cloud-config']);
    expect(config).toMatchObject({ write_files: [{ path: '/a' }, { path: '/etc/motd' }] });
  });

  it('reads texts as they were written, whatever is in them', async () => {
    const path = `/srv/"\\ \u0085\u2028 on é 😀 \ud800 12:34`;
    const { config } = await cloudInit.userData(userData({ files: [{ path, content: '' }] }));
    expect(config).toEqual({ write_files: [{ path: path.replace('\ud800', '\ufffd'), encoding: 'b64', content: '' }] });
  });

  it('reads the same from a medium', async () => {
    const content = seedContent(firstBoot(FULL));
    const read = await cloudInit.medium(seedMedium(content));
    expect(read).toMatchObject({ metadata: { 'instance-id': '0199-aa' }, user_data: content['user-data'] });
    expect(read.network).toMatchObject({ version: 2, ethernets: { enc1000: {} } });
    expect((await cloudInit.medium(seedMedium(seedContent(firstBoot())))).network).toBeNull();
  });

  it.each([
    ['ubuntu', 'netplan', '/etc/netplan/50-cloud-init.yaml'],
    ['debian', 'eni', '/etc/network/interfaces.d/50-cloud-init'],
    ['rhel', 'sysconfig', '/etc/sysconfig/network-scripts/ifcfg-enc1000.100'],
  ] as const)('configures the network of %s by %s', async (distribution, kind, main) => {
    const plain = await cloudInit.network(seedContent(firstBoot({ nics: NICS }))['network-config'], distribution, kind);
    const all = [...plain.values()].join('\n');
    expect(plain.get(main)).toContain('192.0.2.7');
    for (const part of ['2001:db8::7/64', '2001:db8::1', '192.0.2.1', '192.0.2.53']) expect(all).toContain(part);
    for (const name of ['enc1000', 'encb0']) expect(all).toContain(name);
    expect(all).toContain('12:34:56:11:22:33');
    const bridged = await cloudInit.network(
      seedContent(firstBoot({ nics: NICS, isKvmHost: true }))['network-config'],
      distribution,
      kind,
    );
    for (const name of ['br-enc1000.100', 'br-encb0']) expect([...bridged.values()].join('\n')).toContain(name);
  });
});

describe('network configuration', () => {
  it('says by netplan what was asked for', async () => {
    const content = seedContent(firstBoot({ nics: NICS, isKvmHost: true }))['network-config'];
    const files = await cloudInit.network(content, 'ubuntu', 'netplan');
    const { network } = parse(files.get('/etc/netplan/50-cloud-init.yaml') ?? '') as {
      network: unknown;
    };
    const parameters = { stp: false, 'forward-delay': 0 };
    expect(network).toEqual({
      version: 2,
      ethernets: {
        enc1000: { match: { macaddress: '02:00:00:00:00:01' }, 'set-name': 'enc1000', dhcp4: false },
        encb0: { match: { macaddress: '12:34:56:11:22:33' }, 'set-name': 'encb0', dhcp4: false },
      },
      vlans: { 'enc1000.100': { id: 100, link: 'enc1000', dhcp4: false } },
      bridges: {
        'br-enc1000.100': {
          interfaces: ['enc1000.100'],
          macaddress: '02:00:00:00:00:01',
          parameters,
          dhcp4: false,
          addresses: ['192.0.2.7/24', '2001:db8::7/64'],
          routes: [
            { to: '0.0.0.0/0', via: '192.0.2.1' },
            { to: '::/0', via: '2001:db8::1' },
          ],
          nameservers: { addresses: ['192.0.2.53'] },
        },
        'br-encb0': { interfaces: ['encb0'], macaddress: '12:34:56:11:22:33', parameters, dhcp4: true },
      },
    });
  });
});

describe('a guest that starts with the address of its seed', () => {
  let place: JournalPlace;
  let opened: OpenJournal;
  let listener: SeedListener;
  beforeAll(async () => {
    const [, makePlace] = PLACES[0] ?? [];
    if (makePlace === undefined) throw new Error('there is no place for a journal');
    place = await makePlace();
    opened = await place.open();
    const ports = { clock: systemClock, log: silentLog };
    listener = await SeedListener.start({ bind: '127.0.0.1', port: 0 }, opened.seedStore, ports);
  });
  afterAll(async () => {
    await listener.close();
    await opened.close();
    await place.remove();
  });

  it('reads it once, with the real cloud-init', async () => {
    const offers = new SeedOffers(opened.seedStore, `http://127.0.0.1:${listener.port}`);
    const content = seedContent(
      firstBoot({
        ...FULL,
        name: 'Web_Server 01',
        sshKeys: ['ssh-ed25519 AAAA me'],
        metadata: { seedfrom: 'no', on: 'on' },
      }),
    );
    const lease = await claimed(opened, await accepted(opened));
    const { url } = await offers.offer(lease, targetKey('fake', 'site', 'one'), content);

    const parameter = seedKernelParameter(url, '0199-aa');
    expect(parameter.length).toBeLessThanOrEqual(256);
    const { claimed: isOurs, metadata } = await cloudInit.cmdline(`root=/dev/sda1 ${parameter} quiet`);
    expect(isOurs).toBe(true);
    expect(metadata['seedfrom']).toBe(url);
    // By this it knows itself at later starts, when the seed is gone.
    expect(metadata['instance-id']).toBe('0199-aa');

    const read = await cloudInit.read(url);
    expect(read).toMatchObject({ user_data: content['user-data'], vendor_data: content['vendor-data'] });
    expect(read.metadata).toEqual({
      'instance-id': '0199-aa',
      'local-hostname': 'web-server-01',
      'public-keys': ['ssh-ed25519 AAAA me'],
      meta: { seedfrom: 'no', on: 'on' },
    });
    await eventually(async () => (await fetch(`${url}user-data`)).status === 404, 'the seed to be gone');
    await expect(cloudInit.read(url)).rejects.toThrow(/404/);
  });
});
