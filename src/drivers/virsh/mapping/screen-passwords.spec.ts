import { expect, test } from '@jest/globals';
import { parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { needsScreenPasswords, withScreenPasswords } from './screen-passwords.js';

const domain = (screens: string) => parseXml(`<domain><name>web01</name><devices>${screens}</devices></domain>`);

test('a definition that was read without secrets has the passwords of its screens again', () => {
  const told = domain(`<graphics type='vnc' port='-1'/><graphics type='spice'/>`);
  const secret = domain(`<graphics type='vnc' passwd='one' passwdValidTo='2030-01-01T00:00:00'/>`);
  expect(needsScreenPasswords(told)).toBe(true);
  expect(serialiseXml(withScreenPasswords(told, secret))).toBe(
    serialiseXml(
      domain(
        `<graphics type='vnc' port='-1' passwd='one' passwdValidTo='2030-01-01T00:00:00'/><graphics type='spice'/>`,
      ),
    ),
  );
});

test('a password that is told stays', () => {
  const told = domain(`<graphics type='vnc' passwd='new'/>`);
  expect(needsScreenPasswords(told)).toBe(false);
  expect(serialiseXml(withScreenPasswords(told, domain(`<graphics type='vnc' passwd='old'/>`)))).toBe(
    serialiseXml(told),
  );
  expect(needsScreenPasswords(domain('<disk/>'))).toBe(false);
});
