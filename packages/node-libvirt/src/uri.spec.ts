import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseUri, UriError } from './uri.js';

describe('a libvirt URI', () => {
  it.each<[string, object]>([
    ['qemu:///system', { driver: 'qemu', transport: 'unix', path: '/system', driverUri: 'qemu:///system' }],
    ['QEMU:///session', { driver: 'qemu', transport: 'unix', driverUri: 'qemu:///session' }],
    ['test:///default', { driver: 'test', transport: 'unix', driverUri: 'test:///default' }],
    ['test+unix:///default?socket=/a%20b/sock', { transport: 'unix', parameters: new Map([['socket', '/a b/sock']]) }],
    ['test:///path/to/node.xml', { path: '/path/to/node.xml', driverUri: 'test:///path/to/node.xml' }],
    ['qemu://host/system', { transport: 'tls', host: 'host', driverUri: 'qemu:///system' }],
    [
      'qemu+tls://host:16514/system?pkipath=/pki',
      { transport: 'tls', port: 16_514, parameters: new Map([['pkipath', '/pki']]) },
    ],
    [
      'qemu+ssh://root@host.example/system',
      { transport: 'ssh', user: 'root', host: 'host.example', driverUri: 'qemu:///system' },
    ],
    ['qemu+ssh://us%40er@[2001:db8::1]:2222/system', { user: 'us@er', host: '2001:db8::1', port: 2222 }],
    [
      'qemu+ssh://host/system?keyfile=/keys/a+b&no_verify=1',
      {
        parameters: new Map([
          ['keyfile', '/keys/a+b'],
          ['no_verify', '1'],
        ]),
        driverUri: 'qemu:///system',
      },
    ],
    ['qemu+tcp://host/system?socket=/x;mode=direct&own=1%2B', { driverUri: 'qemu:///system?own=1%2B' }],
    ['qemu+unix:///system?name=qemu:///embed', { driverUri: 'qemu:///embed' }],
    ['remote+ssh://host/', { driver: 'remote', driverUri: undefined }],
    ['xen+ssh://host', { driver: 'xen', path: '', driverUri: 'xen://' }],
  ])('%s is taken apart', (text, parts) => {
    expect(parseUri(text)).toMatchObject(parts);
  });

  it.each([
    ['', 'no libvirt URI'],
    ['qemu', 'no libvirt URI'],
    ['qemu:/system', 'no libvirt URI'],
    ['qemu:///system#part', 'no libvirt URI'],
    ['qemu+carrier://host/system', 'carrier is no way'],
    ['qemu+ssh:///system', 'ssh takes a host'],
    ['qemu+unix://host/system', 'has no host'],
    ['qemu+ssh://user@/system', 'no host in it'],
    ['qemu+ssh://host:0/system', '0 is no port'],
    ['qemu+ssh://host:99999/system', 'is no port'],
    ['qemu+ssh://2001:db8::1/system', 'no host, with or without user and port'],
    ['qemu+ssh://host/system?keyfile=%zz', 'two hexadecimal digits'],
  ])('%s is refused', (text, reason) => {
    expect(() => parseUri(text)).toThrow(UriError);
    expect(() => parseUri(text)).toThrow(reason);
  });

  it('with a password in it is refused, and not repeated', () => {
    expect(() => parseUri('qemu+ssh://root:geheim@host/system')).toThrow(/^a password does not belong in a URI$/);
  });

  it('is one, or is refused, whatever it is', () => {
    const parts = fc.constantFrom(
      'qemu',
      '+ssh',
      '+tls',
      '://',
      '/',
      'host',
      '@',
      ':',
      '22',
      '[',
      ']',
      '::1',
      '?',
      'a=b',
      '&',
      '%',
      '%41',
      '#',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((all) => all.join('')),
        ),
        (text) => {
          try {
            const { driverUri, transport, host } = parseUri(text);
            expect(transport === 'unix' || transport === 'ext' || host !== undefined).toBe(true);
            if (driverUri !== undefined) expect(parseUri(driverUri).transport).toBe('unix');
          } catch (error) {
            expect(error).toBeInstanceOf(UriError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
