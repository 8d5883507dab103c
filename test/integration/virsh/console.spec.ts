import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { DomainConsoleFlags, domainOpenConsole, type LibvirtStream } from 'node-libvirt';
import { WebSocket } from 'ws';
import { eventually } from '../../support/eventually.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { localUri, VirshBench } from '../../support/virsh-bench.js';
import { administrator, consolePool, startGuest } from './guest-domain.js';

const instance = 'web01';
const NO_SUCH_UUID = 'c7a5fdbd-edaf-9455-926a-d65c16db1809';
const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
let virsh: VirshBench;
let admin: ReturnType<typeof administrator>;
let folder: string;
let guest: GuestConsole;

beforeAll(async () => {
  virsh = await VirshBench.start({
    driverUri: (daemon) => localUri(daemon.qemuUri, daemon),
    libvirtd: { emulators: ['x86_64'] },
    hasConsoles: true,
  });
  admin = administrator(virsh.libvirtd);
  folder = await consolePool(admin, virsh.libvirtd);
  guest = await startGuest(admin, {
    name: instance,
    log: `${folder}/web01.log`,
    devices: `<graphics type='vnc' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>
      <video><model type='vga'/></video>`,
  });
});
afterAll(async () => {
  await admin.stop();
  await virsh.stop();
});

const open = (type: string, name = instance) => virsh.call('compute.get_console', { instance: name, type });

interface Client {
  readonly socket: WebSocket;
  readonly seen: () => string;
  readonly ended: Promise<{ code: number; reason: string }>;
}

async function connect(url: unknown): Promise<Client> {
  const socket = new WebSocket(String(url));
  let seen = '';
  socket.on('message', (data: Buffer) => (seen += data.toString()));
  const ended = once(socket, 'close').then(([code, reason]) => ({ code: Number(code), reason: String(reason) }));
  await once(socket, 'open');
  return { socket, seen: () => seen, ended };
}

/** Waits until the guest has told that it has read a line. */
async function hears({ seen }: Client, line: string): Promise<void> {
  await eventually(() => seen().includes(`heard: ${line}`), seen, WITHIN_MS);
}

async function leave({ socket, ended }: Client): Promise<void> {
  socket.close();
  await ended;
}

describe('the serial console of a domain', () => {
  test('is there for who has its address: what is typed reaches the guest, and what it answers comes back', async () => {
    const { url, expires_at: expires } = await open('serial');
    expect(Date.parse(String(expires))).toBeGreaterThan(Date.now());
    const client = await connect(url);
    client.socket.send('good morning\r');
    await hears(client, 'good morning');
    await leave(client);
    // Given back: the next one can have it.
    const next = await connect((await open('serial')).url);
    next.socket.send('once more\r');
    await hears(next, 'once more');
    const again = new WebSocket(String(url));
    again.on('error', () => undefined);
    await once(again, 'unexpected-response');
    again.terminate();
    await leave(next);
  });

  test('is taken from nobody, and whoever asks is told', async () => {
    const [mine, late] = [await open('serial'), await open('serial')];
    const client = await connect(mine.url);
    client.socket.send('mine\r');
    await hears(client, 'mine');
    await expect(open('serial')).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringContaining('is in use'),
    });
    await expect(virsh.call('compute.send_console_command', { instance, command: 'intruding' })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      outcome: 'not-started',
    });
    const refused = await connect(late.url);
    expect(await refused.ended).toMatchObject({ code: 1011, reason: expect.stringContaining('is in use') });
    client.socket.send('still mine\r');
    await hears(client, 'still mine');
    await leave(client);
    expect(guest.text).not.toContain('intruding');
  });

  test('ends for its client when somebody takes it away at the host', async () => {
    const client = await connect((await open('serial')).url);
    client.socket.send('before\r');
    await hears(client, 'before');
    const { stream } = await force();
    expect(await client.ended).toMatchObject({ code: 1011 });
    stream.resume().end();
    await once(stream, 'close');
  });

  test('takes a line, once, whose answer is in the log', async () => {
    const answer = await virsh.call('compute.send_console_command', { instance, command: 'run echo $((6 * 7))' });
    expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
    await guest.until(({ text }) => text.includes('ran: 0'), 'the line to be heard');
    const { log, cut } = await virsh.call('compute.get_console_log', { instance, tail_lines: 3 });
    expect(String(log).split('\n')).toEqual(expect.arrayContaining(['heard: run echo $((6 * 7))', '42', 'ran: 0']));
    expect(cut).toBe(true);
    expect(guest.reports.at(-1)?.heard.filter((line) => line.startsWith('run echo'))).toHaveLength(1);
    const operation = await virsh.bench.call('operation.get', { operation_id: answer['operation_id'] });
    expect(JSON.stringify(operation)).not.toContain('6 * 7');
  });

  test('has a log from the very first line, the newest last', async () => {
    const { log, cut } = await virsh.call('compute.get_console_log', { instance });
    expect(cut).toBe(false);
    expect(String(log)).toMatch(/^\s*zenova image: none[\s\S]*zenova guest ready\n[\s\S]*heard: /);
    expect(String(log)).not.toContain('\r\n');
  });

  test('has in its log what was rotated away, and not more than fits', async () => {
    renameSync(`${folder}/web01.log`, `${folder}/web01.log.0`);
    writeFileSync(`${folder}/web01.log`, 'newest\r\nünd\r\n');
    const { log, cut } = await virsh.call('compute.get_console_log', { instance, tail_lines: 3 });
    expect(String(log)).toMatch(/\n?newest\nünd\n$/);
    expect(cut).toBe(true);
    writeFileSync(`${folder}/web01.log.0`, `${'x'.repeat(99)}\n`.repeat(20_000));
    const long = await virsh.call('compute.get_console_log', { instance });
    expect(String(long['log'])).toMatch(/^(x{99}\n)+newest\nünd\n$/);
    expect(String(long['log']).length).toBeLessThanOrEqual(512 * 1024);
    expect(long['cut']).toBe(true);
  });

  test('is missed where it is not there, with what to do about it', async () => {
    await startGuest(admin, { name: 'silent' });
    await expect(virsh.call('compute.get_console_log', { instance: 'silent' })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringContaining("<log file='…' append='on'/>"),
    });
    await expect(virsh.call('compute.get_console_log', { instance: NO_SUCH_UUID })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
    await virsh.call('compute.power_off', { instance: 'silent' });
    for (const type of ['serial', 'vnc'])
      await expect(open(type, 'silent')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  });

  test('is closed when the daemon is killed, and is there again afterwards', async () => {
    const client = await connect((await open('serial')).url);
    client.socket.send('hello\r');
    await hears(client, 'hello');
    await virsh.libvirtd.kill();
    expect(await client.ended).toMatchObject({ code: 1011 });
    await virsh.libvirtd.restart();
    const next = await eventually(
      async () => await open('serial').catch(() => undefined),
      'libvirt to be back',
      WITHIN_MS,
    );
    const again = await connect(next['url']);
    again.socket.send('back\r');
    await hears(again, 'back');
    await leave(again);
  });
});

describe('the screen of a domain', () => {
  test('is at an address of the host', async () => {
    expect(await open('vnc')).toMatchObject({
      type: 'vnc',
      url: null,
      host: '127.0.0.1',
      port: expect.any(Number),
      password: null,
      expires_at: null,
    });
  });

  test('is a conflict where it has none of that type, and unknown to KVM over RDP', async () => {
    await expect(open('spice')).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringContaining('it has vnc'),
    });
    await expect(open('rdp')).rejects.toMatchObject({ code: 'FEATURE_UNSUPPORTED' });
  });
});

async function force(): Promise<{ stream: LibvirtStream }> {
  const { id } = await virsh.call('compute.get_info', { instance });
  return await admin.caller.openStream(domainOpenConsole, {
    domain: { name: instance, uuid: String(id), id: -1 },
    flags: DomainConsoleFlags.VIR_DOMAIN_CONSOLE_FORCE,
  });
}
