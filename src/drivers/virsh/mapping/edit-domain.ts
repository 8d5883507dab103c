import {
  attributeOf,
  childAt,
  childrenOf,
  element,
  textOf,
  withAttribute,
  withChildren,
  type XmlElement,
  type XmlNode,
} from '../../../connectors/xml/index.js';
import { bootXml } from './disk.js';
import { MARK_NAMESPACE, markXml, type InstanceMark } from './instance-mark.js';

/** Changes of a definition that libvirt gave. What is not spoken of stays as it is, whoever wrote it. */

/** Its size. Memory and processors beyond it, that could be plugged in, go. */
export function withSize(domain: XmlElement, { vcpus, memoryMib }: { vcpus: number; memoryMib: number }): XmlElement {
  const memory = (name: string) => element(name, { unit: 'MiB' }, memoryMib);
  return withChildren(
    domain,
    domain.children.flatMap((child): XmlNode[] => {
      if (typeof child === 'string') return [child];
      switch (child.name) {
        case 'memory':
        case 'currentMemory':
          return [memory(child.name)];
        case 'vcpu': {
          const most = Math.max(vcpus, Number(textOf(child) ?? 0));
          const fixed = attributeOf(child, 'current') === undefined;
          const changed = withAttribute(child, 'current', fixed || most === vcpus ? undefined : String(vcpus));
          return [withChildren(changed, [String(fixed ? vcpus : most)])];
        }
        // It counts the processors that there were.
        case 'vcpus':
          return [];
        case 'cpu':
          return [withoutChild(child, 'topology')];
        default:
          return [child];
      }
    }),
  );
}

/** What of a definition says how large a domain is. */
const SIZE: ReadonlySet<string> = new Set(['memory', 'currentMemory', 'maxMemory', 'vcpu', 'vcpus', 'cpu']);

/** The size that another definition of it has. */
export function withSizeOf(domain: XmlElement, earlier: XmlElement): XmlElement {
  const isOfSize = (child: XmlNode): boolean => typeof child !== 'string' && SIZE.has(child.name);
  return withChildren(domain, [
    ...domain.children.filter((child) => !isOfSize(child)),
    ...earlier.children.filter(isOfSize),
  ]);
}

/**
 * What it starts from, first to last: targets of disks and MAC addresses. Devices that are not named are not started from.
 *
 * @param loadparm of the first one; without it, each one keeps its own
 */
export function withBootOrder(domain: XmlElement, names: readonly string[], loadparm?: string): XmlElement {
  const ordered = (device: XmlElement): XmlElement => {
    const name =
      device.name === 'disk'
        ? attributeOf(childAt(device, 'target'), 'dev')
        : attributeOf(childAt(device, 'mac'), 'address')?.toLowerCase();
    const at = name === undefined ? -1 : names.indexOf(name);
    const plain = withoutChild(device, 'boot');
    const kept = attributeOf(childAt(device, 'boot'), 'loadparm');
    const boot = at < 0 ? undefined : bootXml({ order: at + 1, loadparm: at === 0 ? (loadparm ?? kept) : kept });
    return boot === undefined ? plain : withChildren(plain, [...plain.children, boot]);
  };
  return withChildren(
    domain,
    domain.children.map((child) => {
      if (typeof child === 'string') return child;
      // A domain has the one or the other.
      if (child.name === 'os') return withoutChild(child, 'boot');
      if (child.name !== 'devices') return child;
      return withChildren(
        child,
        child.children.map((device) =>
          typeof device !== 'string' && (device.name === 'disk' || device.name === 'interface')
            ? ordered(device)
            : device,
        ),
      );
    }),
  );
}

/**
 * With the secrets that another definition of it has: passwords of screens, and cookies of disks behind web servers. libvirt tells them
 * to nobody but who writes a definition, so that they are in none that is kept.
 */
export function withSecretsOf(domain: XmlElement, other: XmlElement): XmlElement {
  const theirs = new Map(childrenOf(childAt(other, 'devices')).map((device) => [deviceKey(device), device]));
  return withDevices(domain, (device) => {
    const same = theirs.get(deviceKey(device));
    if (device.name === 'graphics') return withAttribute(device, 'passwd', attributeOf(same, 'passwd'));
    const source = childAt(device, 'source');
    const cookies = childAt(same, 'source', 'cookies');
    if (source === undefined || cookies === undefined) return device;
    return withReplaced(device, withChildren(source, [...withoutChild(source, 'cookies').children, cookies]));
  });
}

/** Which device of a domain it is: a disk by its target; screens are one of a type. */
function deviceKey(device: XmlElement): string {
  const own = device.name === 'disk' ? attributeOf(childAt(device, 'target'), 'dev') : attributeOf(device, 'type');
  return `${device.name} ${own ?? ''}`;
}

/** What this driver keeps in it. */
export function withMark(domain: XmlElement, mark: InstanceMark): XmlElement {
  const others = childrenOf(childAt(domain, 'metadata')).filter(({ namespace }) => namespace !== MARK_NAMESPACE);
  const metadata = element('metadata', {}, ...others, markXml(mark));
  return withChildren(domain, [...withoutChild(domain, 'metadata').children, metadata]);
}

/** With another disk, beside those that it has. */
export function withDevice(domain: XmlElement, device: XmlElement): XmlElement {
  return withChildren(
    domain,
    domain.children.map((child) =>
      typeof child !== 'string' && child.name === 'devices' ? withChildren(child, [...child.children, device]) : child,
    ),
  );
}

/** Without a kernel of the host that it would start in place of what it has. */
export function withoutKernel(domain: XmlElement): XmlElement {
  return withChildren(
    domain,
    domain.children.map((child) =>
      typeof child !== 'string' && child.name === 'os'
        ? ['kernel', 'initrd', 'cmdline'].reduce(withoutChild, child)
        : child,
    ),
  );
}

/** Without the disk of this alias. */
export function withoutDisk(domain: XmlElement, alias: string): XmlElement {
  return withChildren(
    domain,
    domain.children.map((child) =>
      typeof child !== 'string' && child.name === 'devices'
        ? withChildren(
            child,
            child.children.filter((device) => typeof device === 'string' || !isDisk(device, alias)),
          )
        : child,
    ),
  );
}

/** With another file behind one of its disks. */
export function withDiskFile(domain: XmlElement, alias: string, file: string): XmlElement {
  return withDevices(domain, (device) => {
    // What stood behind the earlier one was found by libvirt, and says nothing of this one.
    return isDisk(device, alias)
      ? withReplaced(withoutChild(device, 'backingStore'), element('source', { file }))
      : device;
  });
}

function isDisk(device: XmlElement, alias: string): boolean {
  return device.name === 'disk' && attributeOf(childAt(device, 'alias'), 'name') === alias;
}

function withDevices(domain: XmlElement, change: (device: XmlElement) => XmlElement): XmlElement {
  return withChildren(
    domain,
    domain.children.map((child) =>
      typeof child !== 'string' && child.name === 'devices'
        ? withChildren(
            child,
            child.children.map((device) => (typeof device === 'string' ? device : change(device))),
          )
        : child,
    ),
  );
}

function withReplaced(from: XmlElement, by: XmlElement): XmlElement {
  return withChildren(
    from,
    from.children.map((child) => (typeof child !== 'string' && child.name === by.name ? by : child)),
  );
}

function withoutChild(from: XmlElement, name: string): XmlElement {
  return withChildren(
    from,
    from.children.filter((child) => typeof child === 'string' || child.name !== name),
  );
}
