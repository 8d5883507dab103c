import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EXIT } from '../../src/cli/index.js';
import { ConfigFileSchema } from '../../src/config/config.schema.js';
import { eventually } from '../support/eventually.js';
import { tell } from '../support/tell.js';
import { ServiceProcess } from '../support/service-process.js';

const UNIT = readFileSync(resolve(import.meta.dirname, '../../packaging/systemd/zenova.service'), 'utf8');
const valueOf = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(UNIT)?.[1] ?? '';

/** What systemd does for a service of Type=notify: takes its word, and closes the file that it sends along (sd_notify_barrier). */
const LISTENER = `
import os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
    ear.bind(sys.argv[1])
    print("listening", flush=True)
    while True:
        text, files, _, _ = socket.recv_fds(ear, 4096, 4)
        print(text.decode(), flush=True)
        for file in files: os.close(file)
`;

/** Where systemd's program is not installed, nobody could wait for its word. */
const withSystemd: (name: string, test: () => Promise<void>) => void =
  spawnSync('systemd-notify', ['--version']).status === 0 ? it : notHere;
function notHere(name: string): void {
  tell(`skipped, since systemd-notify is not installed (Debian: systemd): the service ${name}`);
}

describe('the unit', () => {
  it('gives the service more time to stop than it takes by itself', () => {
    const { amqp } = ConfigFileSchema.parse({});
    expect(Number(/^(\d+)s$/.exec(valueOf('TimeoutStopSec'))?.[1]) * 1000).toBeGreaterThan(2 * amqp.drain_timeout_ms);
  });

  it('does not start again what is configured wrongly', () => {
    expect(valueOf('Restart')).toBe('on-failure');
    expect(valueOf('RestartPreventExitStatus')).toBe(String(EXIT.usage));
  });
});

describe('the service', () => {
  let directory: string;
  let service: ServiceProcess | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zenova-systemd-'));
  });
  afterEach(async () => {
    await service?.discard();
    rmSync(directory, { recursive: true });
  });

  function theService(environment: Record<string, string>): ServiceProcess {
    const names = { group: 'unit', server: 'unit', deadQueue: 'zenova.rpc.dead', eventsExchange: 'zenova.events' };
    // Nobody is there: a service is up without a broker.
    service = new ServiceProcess({ ...names, url: 'amqp://127.0.0.1:1', hosts: {}, environment });
    return service;
  }

  withSystemd('tells a systemd that waits for it when it is up, and lives through a reload', async () => {
    const socket = join(directory, 'notify');
    writeFileSync(join(directory, 'listen.py'), LISTENER);
    const listener = spawn('/usr/bin/python3', [join(directory, 'listen.py'), socket]);
    let heard = '';
    listener.stdout.setEncoding('utf8').on('data', (more: string) => {
      heard += more;
    });
    const errors = text(listener.stderr);
    try {
      await eventually(() => heard.includes('listening'), 'the listener');
      const started = theService({ NOTIFY_SOCKET: socket });
      await started.start();
      await eventually(
        () => heard.includes('READY=1'),
        () => `READY=1 from:\n${started.log}`,
      );
      expect((await started.http('/healthz'))?.status).toBe(200);
      started.signal('SIGHUP');
      expect(await started.end('SIGTERM')).toBe(0);
    } finally {
      const ended = once(listener, 'close');
      listener.kill();
      await ended;
      expect(await errors).toBe('');
    }
  });

  it('ends, and says why, when systemd waits and cannot be told', async () => {
    const started = theService({ NOTIFY_SOCKET: join(directory, 'nobody') });
    await started.start();
    await eventually(
      () => started.log.includes('systemd cannot be told that the service is up'),
      () => `the reason in:\n${started.log}`,
    );
  });
});
