import { describe, expect, test } from '@jest/globals';
import { partitionRequirements, type PartitionParts } from './partition-requirements.js';

const VOLUME = '/api/storage-groups/g/storage-volumes/';
const volume = (usage: string, state = 'complete') => ({
  'element-uri': `${VOLUME}${usage}`,
  name: usage,
  usage,
  'fulfillment-state': state,
});
const group = (more: object = {}) => ({
  name: 'g',
  type: 'fcp',
  shared: false,
  'fulfillment-state': 'complete',
  volumes: [volume('boot'), volume('data')],
  ...more,
});
const parts = (more: Partial<PartitionParts> = {}): PartitionParts => ({
  name: 'p',
  bootDevice: 'storage-volume',
  bootVolumeUri: `${VOLUME}boot`,
  groups: [group()],
  nics: [
    { name: 'n1', type: 'osd' },
    { name: 'n2', type: 'iqd' },
  ],
  ...more,
});

/** Statuses by requirement, of what was changed. */
function statuses(more: Partial<PartitionParts> = {}): Record<string, string> {
  const found = partitionRequirements(parts(more));
  for (const { subject, status, evidence, remedy } of found) {
    expect(subject).toBe('p');
    expect(evidence).not.toBe('');
    expect(remedy === null).toBe(status === 'met');
  }
  return Object.fromEntries(found.map(({ requirement, status }) => [requirement, status]));
}

test('a partition as the guide wants it meets all that the API tells', () => {
  expect(statuses()).toEqual({
    io_auto_configuration: 'unknown',
    fcp_only: 'met',
    dedicated_storage_group: 'met',
    storage_fulfilled: 'met',
    boot_and_data_volume: 'met',
    qeth_nics: 'met',
    boot_device: 'met',
  });
});

describe('storage', () => {
  const NOTHING = ['fcp_only', 'dedicated_storage_group', 'storage_fulfilled', 'boot_and_data_volume'];

  test.each([
    ['no group', [], 'not_met'],
    ['a hidden group', [undefined], 'unknown'],
    ['a hidden group beside one that is seen', [group(), undefined], 'unknown'],
    ['groups that could not be read', undefined, 'unknown'],
  ])('%s', (_what, groups, status) => {
    const found = statuses({ groups });
    expect(NOTHING.map((name) => found[name])).toEqual(NOTHING.map(() => status));
    expect(found['boot_device']).toBe(status === 'not_met' ? 'not_met' : groups?.[0] === undefined ? 'unknown' : 'met');
  });

  test.each([
    ['fcp_only', { type: 'fc' }, 'not_met'],
    ['fcp_only', { type: 'nvme' }, 'not_met'],
    ['fcp_only', { type: undefined }, 'unknown'],
    ['dedicated_storage_group', { shared: true }, 'not_met'],
    ['dedicated_storage_group', { shared: undefined }, 'unknown'],
    ['storage_fulfilled', { 'fulfillment-state': 'pending' }, 'not_met'],
    ['storage_fulfilled', { volumes: [volume('boot'), volume('data', 'incomplete')] }, 'not_met'],
    ['storage_fulfilled', { volumes: [volume('boot'), undefined] }, 'unknown'],
    ['storage_fulfilled', { volumes: undefined }, 'unknown'],
    ['boot_and_data_volume', { volumes: [volume('boot')] }, 'not_met'],
    ['boot_and_data_volume', { volumes: [] }, 'not_met'],
    ['boot_and_data_volume', { volumes: [volume('boot'), undefined] }, 'unknown'],
    ['boot_device', { volumes: [volume('boot', 'pending'), volume('data')] }, 'not_met'],
    ['boot_device', { volumes: [volume('data')] }, 'not_met'],
    ['boot_device', { volumes: [undefined] }, 'unknown'],
  ])('%s of %p', (requirement, more, status) => {
    expect(statuses({ groups: [group(more)] })[requirement]).toBe(status);
  });

  test('two dedicated groups are one too many', () => {
    expect(statuses({ groups: [group(), group({ name: 'h' })] })['dedicated_storage_group']).toBe('not_met');
  });
});

test.each([
  [[{ name: 'n', type: 'osd' }], 'met'],
  [[{ name: 'n', type: 'roce' }], 'not_met'],
  [[], 'not_met'],
  [[undefined], 'unknown'],
  [[{ name: 'n', type: 'osh' }], 'unknown'],
  [[{ name: 'n', type: 'osd' }, undefined], 'met'],
  [undefined, 'unknown'],
])('qeth among %p', (nics, status) => {
  expect(statuses({ nics })['qeth_nics']).toBe(status);
});

test('one qeth NIC is enough, and two are recommended', () => {
  const [nic] = partitionRequirements(parts({ nics: [{ name: 'n', type: 'osd' }] })).filter(
    ({ requirement }) => requirement === 'qeth_nics',
  );
  expect(nic?.status).toBe('met');
  expect(nic?.evidence).toMatch(/two are recommended/);
});

test.each([
  ['none', 'not_met'],
  ['network-adapter', 'met'],
  ['iso-image', 'met'],
  [undefined, 'unknown'],
])('a boot device that is %s', (bootDevice, status) => {
  expect(statuses({ bootDevice })['boot_device']).toBe(status);
});
