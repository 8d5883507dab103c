import { expect, test } from '@jest/globals';
import { parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { withMark } from './edit-domain.js';
import { markOf } from './instance-mark.js';
import { filtersIn, movedDefinition, secretsIn } from './moved-definition.js';

const domain = parseXml(`<domain type='qemu'><name>web01</name><devices>
  <disk type='file' device='disk'><source file='/a/root'/><backingStore type='file'><source file='/a/base'/></backingStore>
    <target dev='vda'/></disk>
  <disk type='network' device='disk'><source protocol='iscsi' name='x/1'><auth username='u'>
    <secret type='iscsi' uuid='6f1a2b3c-0000-4000-8000-000000000001'/></auth></source><target dev='vdb'/></disk>
  <console type='pty'><log file='/a/log' append='on'/></console>
</devices></domain>`);
const places = new Map([
  ['/a/root', '/b/root'],
  ['/a/log', '/b/log'],
]);

test('a definition has its files where they are there, in that which it may return to as well', () => {
  const marked = withMark(domain, { undo: { kind: 'resize', operation: 'one', definition: serialiseXml(domain) } });
  const moved = movedDefinition(marked, places);
  const text = serialiseXml(moved);
  expect(text).toContain(`/b/root`);
  expect(text).toContain(`/b/log`);
  expect(text).not.toContain('/a/');
  expect(markOf(moved)?.undo?.definition).toBe(serialiseXml(movedDefinition(domain, places)));
});

test('what did not move stays as it is', () => {
  expect(serialiseXml(movedDefinition(domain, new Map()))).toBe(serialiseXml(domain));
});

test('secrets of its disks, and filters', () => {
  expect(secretsIn(domain)).toEqual(['6f1a2b3c-0000-4000-8000-000000000001']);
  expect(filtersIn(parseXml(`<filter><filterref filter='a'/><rule/><filterref filter='b'/></filter>`))).toEqual([
    'a',
    'b',
  ]);
});
