import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../common/secret.js';
import { VIRT_FEATURE_IDS } from '../../features/index.js';
import { hmcDpmFeatures } from './hmc-dpm.features.js';
import { classicOf, HmcDpmSettingsSchema } from './hmc-dpm.settings.js';

const least = { endpoint: 'hmc1', userid: 'zenova', password: new Secret('p'), cpc: 'CPC1' };

describe('settings', () => {
  test('have defaults for all but the four', () => {
    expect(HmcDpmSettingsSchema.parse(least)).toMatchObject({
      endpoint: [{ host: 'hmc1', port: 6794 }],
      tls: { kind: 'system' },
      request_timeout_ms: 30_000,
      operation_timeout_ms: 900_000,
      poll: { initial_ms: 250, max_ms: 5000 },
      max_concurrent_requests: 10,
      notifications: { enabled: true, port: 61_612 },
    });
    for (const name of Object.keys(least)) {
      expect(HmcDpmSettingsSchema.safeParse({ ...least, [name]: undefined }).success).toBe(false);
    }
  });

  test.each([
    [{ ca_file: '/etc/hmc.pem' }, { kind: 'ca-file', path: '/etc/hmc.pem' }],
    // As one text however it is written, so that hosts that mean the same certificate share a session.
    [{ fingerprint_sha256: 'AB:'.repeat(31) + 'AB' }, { kind: 'pinned', fingerprintSha256: 'ab'.repeat(32) }],
    [{ verify: false }, { kind: 'unverified' }],
  ])('take tls %j', (tls, trust) => {
    expect(HmcDpmSettingsSchema.parse({ ...least, tls }).tls).toMatchObject(trust);
  });

  test('take redundant HMCs', () => {
    const { endpoint } = HmcDpmSettingsSchema.parse({ ...least, endpoint: ['hmc1', 'hmc2:7000'] });
    expect(endpoint.map(({ label }) => label)).toEqual(['hmc1:6794', 'hmc2:7000']);
  });

  test.each([
    [{ endpoint: [] }, 'endpoint'],
    [{ endpoint: ['hmc1', 'HMC1:6794'] }, 'endpoint'],
    [{ notifications: { port: 0 } }, 'notifications'],
    [{ password: 'in the clear' }, 'password'],
    [{ tls: { verify: true } }, 'tls'],
    [{ tls: {} }, 'tls'],
    [{ tls: { ca_file: '/a', verify: false } }, 'tls'],
    [{ tls: { fingerprint_sha256: 'abc' } }, 'tls'],
    [{ endpoint: 'http://hmc1' }, 'endpoint'],
    [{ request_timeout_ms: 1 }, 'request_timeout_ms'],
    [{ poll: { every: 1 } }, 'poll'],
    [{ classic: { load_address: '9' } }, 'classic'],
    [{ classic: { lpars: { PROD: { profile: 'x' } } } }, 'classic'],
    [{ hmc: 'hmc1' }, undefined],
  ])('refuse %j', (change, path) => {
    const parsed = HmcDpmSettingsSchema.safeParse({ ...least, ...change });
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues[0]?.path[0]).toBe(path);
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('in the clear');
  });
});

test('an LPAR has its own classic settings, and the common ones beside them', () => {
  const lpars = { PROD: { load_address: '0200' }, AUTO: { load_at_activation: true } };
  const classic = classicOf(HmcDpmSettingsSchema.parse({ ...least, classic: { load_parameter: 'A', lpars } }));
  expect(classic('PROD')).toEqual({ load_address: '0200', load_parameter: 'A', load_at_activation: false });
  expect(classic('AUTO')).toEqual({ load_parameter: 'A', load_at_activation: true });
  for (const name of ['OTHER', 'toString']) {
    expect(classic(name)).toEqual({ load_parameter: 'A', load_at_activation: false });
  }
});

test('every feature has its answer, and a reason when it is missing', () => {
  expect(Object.keys(hmcDpmFeatures).toSorted()).toEqual(VIRT_FEATURE_IDS.toSorted());
  for (const claim of Object.values(hmcDpmFeatures)) {
    if (claim.level === 'missing') expect(claim.reason).toMatch(/^DPM has no /);
  }
});
