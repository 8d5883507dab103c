import { expect, test } from '@jest/globals';
import { versionsOf } from './tls-priority.js';

test.each([
  ['NORMAL', 'TLSv1.2', 'TLSv1.3'],
  ['@LIBVIRT,SYSTEM', 'TLSv1.2', 'TLSv1.3'],
  ['NORMAL:-VERS-ALL:+VERS-TLS1.3', 'TLSv1.3', 'TLSv1.3'],
  ['NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2', 'TLSv1.2', 'TLSv1.2'],
  ['NORMAL:-VERS-TLS1.3', 'TLSv1.2', 'TLSv1.2'],
  ['NORMAL:!VERS-TLS1.0:!VERS-TLS1.1', 'TLSv1.2', 'TLSv1.3'],
])('%s is from %s to %s', (priority, minVersion, maxVersion) => {
  expect(versionsOf(priority)).toEqual({ minVersion, maxVersion });
});

test.each([
  ['', '"" is not known here'],
  ['SECURE256', '"SECURE256" is not known here'],
  ['NORMAL:+CHACHA20-POLY1305', '"+CHACHA20-POLY1305" is not known here'],
  ['NORMAL:+VERS-TLS1.0', '"+VERS-TLS1.0" is not known here'],
  ['NORMAL:-VERS-ALL', 'allows no TLS'],
])('%j is refused', (priority, complaint) => {
  expect(() => versionsOf(priority)).toThrow(complaint);
});
