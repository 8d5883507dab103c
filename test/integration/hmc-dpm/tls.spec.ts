import { writeFile } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/common/log.js';
import { createHmcDpm } from '../../../src/drivers/hmc-dpm/index.js';
import { createCertificate } from '../../../src/simulators/kit/certificate.js';
import { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { failureOf, HmcDpmBench, inventory } from './hmc-dpm-bench.js';

let bench: HmcDpmBench;
let folder: string;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
  folder = mkdtempSync(join(tmpdir(), 'hmc-tls-'));
});
afterEach(async () => {
  await bench.stop();
  rmSync(folder, { recursive: true });
});

async function query(tls: object | undefined, endpoint = bench.simulator.url) {
  const { tls: _ca, ...settings } = bench.settings();
  const host = createHmcDpm().virtDriver.open('h', { ...settings, endpoint, ...(tls && { tls }) }, bench.ports);
  try {
    return await host.operations.queryPower(bench.context(), 'on');
  } finally {
    await host.close();
  }
}

describe('the certificate of the HMC is accepted', () => {
  test('when it is the given CA', async () => {
    await expect(query({ ca: bench.simulator.certificatePem })).resolves.toMatchObject({ powerState: 'running' });
  });

  test('when it is in the CA file, also one that was put in place later', async () => {
    const file = join(folder, 'ca.pem');
    await writeFile(file, (await createCertificate('other')).certificatePem);
    await expect(failureOf(query({ ca_file: file }))).resolves.toMatchObject({ code: 'TLS_UNTRUSTED' });
    await writeFile(file, bench.simulator.certificatePem);
    await expect(query({ ca_file: file })).resolves.toMatchObject({ powerState: 'running' });
  });

  test('when it is the pinned one, however that is written', async () => {
    const pin = bench.simulator.fingerprint256;
    await expect(query({ fingerprint_sha256: pin })).resolves.toMatchObject({ powerState: 'running' });
    await expect(query({ fingerprint_sha256: pin.replaceAll(':', '').toLowerCase() })).resolves.toMatchObject({
      powerState: 'running',
    });
  });

  test('without a look when that is said, with a warning, once', async () => {
    const lines: string[] = [];
    const log = createLog('warn', { write: (line: string) => void lines.push(line) });
    const ports = { ...bench.ports, log };
    const { virtDriver } = createHmcDpm();
    const settings = bench.settings({ tls: { verify: false } });
    const hosts = [virtDriver.open('a', settings, ports), virtDriver.open('b', settings, ports)];
    for (const host of hosts) await host.operations.queryPower(bench.context(), 'on');
    await Promise.all(hosts.map((host) => host.close()));
    expect(lines.filter((line) => line.includes('not verified'))).toHaveLength(1);
  });
});

describe('not one byte is sent', () => {
  test.each([
    ['to a certificate of an unknown CA', undefined],
    ['to one that is not the pinned one', { fingerprint_sha256: 'ab'.repeat(32) }],
    ['when the CA file is missing', { ca_file: '/nowhere/ca.pem' }],
  ])('%s', async (_title, tls) => {
    const failure = await failureOf(query(tls));
    expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', retry: 'never', outcome: 'not-started', driver: 'hmc-dpm' });
    expect(bench.simulator.wireLog.count()).toBe(0);
  });

  test('to a certificate of a known CA for another host name', async () => {
    const made = await generate([{ name: 'commonName', value: 'elsewhere' }], {
      keyType: 'ec',
      curve: 'P-256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'hmc.elsewhere.example' }] }],
    });
    const elsewhere = await HmcSimulator.start({
      inventory,
      port: 0,
      tls: { keyPem: made.private, certificatePem: made.cert },
    });
    try {
      const failure = await failureOf(query({ ca: made.cert }, elsewhere.url));
      expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', native: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
      expect(elsewhere.wireLog.count()).toBe(0);
      // A pin says more than a name does.
      const pinned = query({ fingerprint_sha256: elsewhere.fingerprint256 }, elsewhere.url);
      await expect(pinned).resolves.toMatchObject({ powerState: 'running' });
    } finally {
      await elsewhere.stop();
    }
  });
});

test('an address where nobody listens is unreachable', async () => {
  const { port } = bench.simulator;
  await bench.simulator.stop();
  const failure = await failureOf(query({ verify: false }, `127.0.0.1:${port}`));
  expect(failure).toMatchObject({
    code: 'BACKEND_UNREACHABLE',
    outcome: 'not-started',
    native: { code: 'ECONNREFUSED' },
  });
});
