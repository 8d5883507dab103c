import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newAuthority, type Identity } from '../../../packages/node-libvirt/test/support/authority.js';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { freePort } from '../../../scripts/server/free-port.mjs';
import { systemClock } from '../../../src/common/clock.js';
import type { InstanceSummary } from '../../../src/compute/contract/index.js';
import { createVirsh } from '../../../src/drivers/virsh/index.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingContext } from '../../support/operation-context.js';
import { LinkBench } from './link-bench.js';

let folder: string;
let daemon: Libvirtd;
let port: number;
let caOfStranger: string;
/** Settings by which the daemon is known and lets us in. */
let trusted: { readonly ca_file: string; readonly cert_file: string; readonly key_file: string };
let ofStranger: { readonly cert_file: string; readonly key_file: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zenova-tls-'));
  const [authority, stranger] = [await newAuthority('authority'), await newAuthority('stranger')];
  const server = filesOf('server', await authority.server('kvm1', '127.0.0.1'));
  const ca = write('ca.pem', authority.cert);
  caOfStranger = write('ca-of-stranger.pem', stranger.cert);
  trusted = { ca_file: ca, ...filesOf('zenova', await authority.client('zenova')) };
  ofStranger = filesOf('stranger', await stranger.client('zenova'));
  port = await freePort();
  daemon = await startLibvirtd({
    settings: { listen_tls: 1, listen_addr: '127.0.0.1', tls_port: String(port), ca_file: ca, ...server },
  });
});
afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function filesOf(name: string, { cert, key }: Identity): { readonly cert_file: string; readonly key_file: string } {
  return { cert_file: write(`${name}.pem`, cert), key_file: write(`${name}-key.pem`, key) };
}

let bench: LinkBench;
beforeEach(() => {
  bench = new LinkBench();
});
afterEach(async () => {
  await bench.stop();
});

/** What a host has, by the driver. @param address in the URI; the certificate is for 127.0.0.1 and kvm1 */
async function listed(tls: object, address = '127.0.0.1'): Promise<InstanceSummary[]> {
  const settings = { uri: `test+tls://${address}:${port}/default`, tls };
  const host = createVirsh().virtDriver.open('kvm1', settings, bench.ports);
  try {
    return await host.operations.listInstances(new RecordingContext(systemClock));
  } finally {
    await host.close();
  }
}
const THERE = [expect.objectContaining({ name: 'test' })];

describe('a host by TLS, with the files of its settings', () => {
  test('is reached', async () => {
    await expect(listed(trusted)).resolves.toEqual(THERE);
  });

  test('is reached by an address that its certificate is not for, when its name is given', async () => {
    const failure = await failureOf(listed(trusted, 'localhost'));
    expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', outcome: 'not-started' });
    await expect(listed({ ...trusted, server_name: 'kvm1' }, 'localhost')).resolves.toEqual(THERE);
  });

  test('is not talked to when its certificate is of another authority', async () => {
    const failure = await failureOf(listed({ ...trusted, ca_file: caOfStranger }));
    expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', outcome: 'not-started' });
    expect(failure.message).not.toMatch(/BEGIN|PRIVATE/);
  });

  test('does not let us in with a certificate of another authority', async () => {
    expect(await failureOf(listed({ ...trusted, ...ofStranger }))).toMatchObject({ code: 'BACKEND_AUTH_FAILED' });
  });

  test('is not asked when a file is missing', async () => {
    const failure = await failureOf(listed({ ...trusted, key_file: join(folder, 'nowhere.pem') }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('nowhere.pem') });
  });
});
