import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { recordedXml } from '../../../../test/support/libvirt-xml.js';
import { ComputeError } from '../../../common/errors/index.js';
import {
  attributeOf,
  childAt,
  childrenOf,
  parseXml,
  serialiseXml,
  textOf,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import { METHODS } from '../../../compute/contract/index.js';
import type { Description } from './admit-description.js';
import { defineDomain } from './define-domain.js';
import { domainCapabilities } from './domain-capabilities.js';
import { domainFacts } from './domain-facts.js';
import { domainXml } from './domain-xml.js';
import { driverOptions } from './driver-options.js';
import { filterXml } from './filter-xml.js';
import { hostCapabilities } from './host-capabilities.js';
import { machineChoice } from './machine-choice.js';
import type { NetworkSource } from './network-source.js';

const UUID = '0198a7c2-5f00-7000-8000-0000000000a1';
const host = hostCapabilities(await recordedXml('capabilities'));
const offers = {
  x86_64: domainCapabilities(await recordedXml('domain-capabilities-x86_64-kvm')),
  s390x: domainCapabilities(await recordedXml('domain-capabilities-s390x-qemu')),
};

/** What a definition has, without its values: elements, and their attributes. */
function shapeOf(tree: XmlElement): string {
  return `<${tree.name} ${[...tree.attributes.keys()].join(' ')}>${childrenOf(tree).map(shapeOf).join('')}</>`;
}

/** Text as nobody means it well. */
const hostile = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      "'",
      '/',
      '..',
      ' ',
      '\n',
      ']]>',
      '<!--',
      '&#0;',
      '<disk/>',
      'é',
      '😀',
      '\u2028',
      '\u0000',
      '\ufffe',
      '\ud800',
      '%s',
      '$(x)',
    ),
    minLength: 1,
    maxLength: 12,
  }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.constantFrom(
    '../../etc/passwd',
    'a/b',
    '.',
    '..',
    'x'.repeat(255),
    "'/><disk type='block'/>",
    '&xxe;',
    '<![CDATA[',
  ),
  fc.constantFrom('web-1', 'a "b" & <c>', 'ünïcode 😀'),
);
/** What can be meant well, and looks as if it was not. */
const odd = fc.string({
  unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ' ', ']]>', '<!--', '&#0;', '<b>', 'é', '😀', '\u2028', '$(x)'),
  minLength: 1,
  maxLength: 12,
});
const mostly = <T>(usual: fc.Arbitrary<T>, otherwise: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: otherwise });
const tuple = <A, B>(first: A, second: B): [A, B] => [first, second];
const text = mostly(odd, hostile);
const amount = mostly(
  fc.integer({ min: 1, max: 8 }),
  fc.constantFrom(0, -1, 1.5, 4096, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.NaN),
);

/** A description of the usual shape, with values of anybody's. */
const descriptions = fc
  .record({
    arch: fc.constantFrom('x86_64' as const, 's390x' as const),
    name: text,
    vcpus: amount,
    memory: amount,
    volumeId: text,
    path: mostly(
      text.map((end) => `/srv/${end}`),
      hostile,
    ),
    user: text,
    target: mostly(fc.constantFrom('iqn.2026-11.example:x', 'eui.02004567A425678D', 'naa.a_b'), hostile),
    portal: mostly(
      fc.constantFrom('san', 'san:3260', 'san.example:860', '192.0.2.1:65535', '[2001:db8::1]:1', '[::1]'),
      hostile,
    ),
    tag: mostly(fc.stringMatching(/^[A-Za-z0-9_.:-]{1,60}$/), hostile),
    limit: amount,
    parameters: text,
  })
  .map((given) => ({
    arch: given.arch,
    description: {
      host: 'h',
      name: given.name,
      flavor: { vcpus: given.vcpus, memory_mib: given.memory },
      networks: [{ name: 'br0', tag: given.tag }],
      volumes: tuple(
        { id: given.volumeId, connection: { type: 'file', path: given.path }, limits: { total_iops_sec: given.limit } },
        {
          id: `2${given.volumeId}`,
          connection: {
            type: 'iscsi',
            portal: given.portal,
            target: given.target,
            lun: 1,
            auth: { user: given.user, password: 'p' },
          },
        },
      ),
      driver_options: {
        virsh: { arch: given.arch, kernel: { path: given.path, parameters: given.parameters } },
      },
    },
  }));

const bridge: NetworkSource = { kind: 'bridge', name: 'br0', isOpenVswitch: false };

function definitionOf(arch: keyof typeof offers, description: Description): XmlElement | undefined {
  try {
    const options = driverOptions(description);
    const choice = machineChoice(host, options);
    const places = { uuid: UUID, mark: { operation: 'o', described: { name: description.name } }, networks: [bridge] };
    return domainXml(defineDomain(description, options, choice, offers[arch], places));
  } catch (error) {
    if (error instanceof ComputeError) return undefined;
    throw error;
  }
}

const plain: Description = {
  name: 'web',
  flavor: { vcpus: 1, memory_mib: 1 },
  networks: [{ name: 'br0', tag: 'front' }],
  volumes: [
    { id: 'a', connection: { type: 'file', path: '/srv/a' }, limits: { total_iops_sec: 1 } },
    {
      id: 'b',
      connection: { type: 'iscsi', portal: 'a', target: 'iqn.x', lun: 1, auth: { user: 'u', password: 'p' } },
    },
  ],
};

/** All of its text, with the white space around it. */
function wholeText(from: XmlElement | undefined): string | undefined {
  return from?.children.filter((child) => typeof child === 'string').join('');
}

/** How a server can have been named whose host and port these are. */
function portalsOf(server: XmlElement | undefined): string[] {
  const [host = '', port = ''] = [attributeOf(server, 'name'), attributeOf(server, 'port')];
  const names = host.includes(':') ? [`[${host}]`] : [host, `[${host}]`];
  return names.flatMap((name) => (port === '3260' ? [name, `${name}:${port}`] : [`${name}:${port}`]));
}

/** The values of a request that a definition has, where libvirt will look for them. */
function valuesIn(domain: XmlElement): object {
  const [first, second] = childrenOf(childAt(domain, 'devices'), 'disk');
  return {
    vcpus: textOf(childAt(domain, 'vcpu')),
    memory: [childAt(domain, 'memory'), childAt(domain, 'currentMemory')].map((memory) => [
      textOf(memory),
      attributeOf(memory, 'unit'),
    ]),
    kernel: wholeText(childAt(domain, 'os', 'kernel')),
    parameters: wholeText(childAt(domain, 'os', 'cmdline')),
    limit: textOf(childAt(first, 'iotune', 'total_iops_sec')),
    unit: attributeOf(childAt(second, 'source'), 'name'),
    user: attributeOf(childAt(second, 'source', 'auth'), 'username'),
  };
}

/** Serial numbers are left out where an id cannot be one. */
function withoutSerials(shape: string): string {
  return shape.replaceAll('<serial ></>', '');
}

describe('a definition that was built from hostile input', () => {
  test('has the shape of any other, and says exactly what was given', () => {
    const shapes = new Map(
      (['x86_64', 's390x'] as const).map((arch) => {
        const options = { virsh: { arch, kernel: { path: '/k', parameters: 'x' } } };
        const usual = definitionOf(arch, { ...plain, driver_options: options });
        return [arch, usual && withoutSerials(shapeOf(usual))] as const;
      }),
    );
    let made = 0;
    fc.assert(
      fc.property(descriptions, ({ arch, description }) => {
        const read = METHODS['compute.spawn'].params.safeParse(description);
        if (!read.success) return;
        const built = definitionOf(arch, read.data);
        if (built === undefined) return;
        made += 1;
        const back = parseXml(serialiseXml(built));
        expect(back).toEqual(built);
        expect(withoutSerials(shapeOf(back))).toBe(shapes.get(arch));
        const facts = domainFacts(back);
        const { flavor, volumes, driver_options: options } = description;
        const memory = [String(flavor.memory_mib), 'MiB'];
        const [{ connection: file, limits }, { connection }] = volumes;
        expect(valuesIn(back)).toEqual({
          vcpus: String(flavor.vcpus),
          memory: [memory, memory],
          kernel: options.virsh.kernel.path,
          parameters: options.virsh.kernel.parameters,
          limit: String(limits.total_iops_sec),
          unit: `${connection.target}/${connection.lun}`,
          user: connection.auth.user,
        });
        expect(portalsOf(childAt(facts.disks[1]?.xml, 'source', 'host'))).toContain(connection.portal);
        expect(facts).toMatchObject({ vcpus: flavor.vcpus, maxVcpus: flavor.vcpus, memoryMib: flavor.memory_mib });
        expect(facts.name).toBe(description.name);
        expect(facts.disks[0]?.source).toBe(file.path);
        expect(facts.disks[0]?.source).not.toMatch(/\/\.\.(\/|$)/);
        expect(facts.nics[0]?.tag).toBe(description.networks[0]?.tag);
        expect(facts.mark?.described).toEqual({ name: description.name });
      }),
      { numRuns: 500 },
    );
    expect(made).toBeGreaterThan(50);
  });

  test('of groups of rules names filters only', () => {
    fc.assert(
      fc.property(hostile, (group) => {
        try {
          const back = parseXml(serialiseXml(filterXml(UUID, [], [group])));
          expect(childrenOf(back, 'filterref').map((ref) => ref.attributes.get('filter'))).toEqual([group]);
        } catch (error) {
          expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
        }
      }),
    );
  });
});
