import { expect, it } from '@jest/globals';
import { parseXml } from '../../../connectors/xml/index.js';
import { deviceFacts } from './device-facts.js';
import { diskSourceKey, mirrorKeyOf } from './disk-source.js';

function mirrorOf(mirror: string): string | undefined {
  const disk = `<disk type='file'><source file='/a.img'/><target dev='vda'/>${mirror}</disk>`;
  const [found] = deviceFacts(parseXml(`<devices>${disk}</devices>`)).disks;
  return found && mirrorKeyOf(found);
}

it('what a disk is copied to is known by the same word as what a disk is on', () => {
  const iscsi = { type: 'iscsi', host: '192.0.2.1', port: 3260, target: 'iqn.2024-01.example:t', lun: 1 } as const;
  const source = `<source protocol='iscsi' name='iqn.2024-01.example:t/1'><host name='192.0.2.1' port='3260'/></source>`;
  expect(mirrorOf(`<mirror type='network' job='copy' ready='yes'>${source}</mirror>`)).toBe(diskSourceKey(iscsi));
  expect(mirrorOf(`<mirror type='block' job='copy'><source dev='/dev/b'/></mirror>`)).toBe('/dev/b');
  expect(mirrorOf(`<mirror type='file' file='/b.img' job='copy'><source file='/b.img'/></mirror>`)).toBe('/b.img');
  expect(mirrorOf('')).toBeUndefined();
});
