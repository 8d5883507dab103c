import { expect, test } from '@jest/globals';
import { diagnosticsOf, nicsIn } from './diagnostics.js';

const URI = '/api/partitions/a';
const partition = { name: 'web', status: 'active', 'initial-memory': 4096 };
const row = (group: string, uri: string, values: Record<string, string>) => ({
  group,
  uri,
  values: new Map(Object.entries(values)),
});

test('what is measured of other partitions is not taken', () => {
  const rows = [
    row('partition-usage', '/api/partitions/ab', { 'processor-usage': '99' }),
    row('partition-usage', URI, { 'processor-usage': '12', 'network-usage': '3.5' }),
    row('partition-attached-network-interface', '/api/partitions/ab/nics/m', { 'bytes-sent': '9' }),
    row('partition-attached-network-interface', `${URI}/nics/n`, {
      'bytes-sent': '1',
      'packets-received-dropped': '2',
    }),
    row('partition-attached-network-interface', `${URI}/nics/../../x`, { 'bytes-sent': '9' }),
  ];
  expect(nicsIn(rows, URI)).toEqual([`${URI}/nics/n`]);
  const nics = [{ 'element-uri': `${URI}/nics/n`, name: 'eth0', 'mac-address': '02:00:00:00:00:01' }];
  const found = diagnosticsOf(URI, partition, rows, nics);
  expect(found.native).toEqual({ processor_usage_percent: 12, network_usage_percent: 3.5 });
  expect(found.memoryMib).toBe(4096);
  expect(found.nics).toMatchObject([
    { device: 'eth0', mac: '02:00:00:00:00:01', txBytes: 1, rxDrops: 2, rxBytes: null },
  ]);
});

test('what is not measured, or no number, is not told', () => {
  const found = diagnosticsOf(
    URI,
    { name: 'web', status: 'stopped' },
    [
      row('partition-usage', URI, { 'processor-usage': '-1', 'network-usage': 'n/a' }),
      row('partition-attached-network-interface', `${URI}/nics/n`, { 'bytes-sent': '18446744073709551615' }),
    ],
    [],
  );
  expect(found).toMatchObject({
    native: {},
    memoryMib: null,
    uptimeS: null,
    nics: [{ device: 'n', mac: null, txBytes: null }],
  });
  expect(diagnosticsOf(URI, partition, [], [])).toMatchObject({ native: {}, nics: [] });
});
