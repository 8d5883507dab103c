import {
  attributeOf,
  childAt,
  childrenOf,
  withAttribute,
  withChildren,
  type XmlElement,
} from '../../../connectors/xml/index.js';

/** What a definition of a domain says of a screen's password only to those who ask for secrets. */
const SECRET = ['passwd', 'passwdValidTo', 'connected'] as const;

/** Has it a screen that no password is told of? Then libvirt would forget one that it had. */
export function needsScreenPasswords(domain: XmlElement): boolean {
  return screensOf(domain).some((screen) => attributeOf(screen, 'passwd') === undefined);
}

/** A definition whose screens have the passwords that those of its kind have in another one, which was read with its secrets. */
export function withScreenPasswords(domain: XmlElement, secret: XmlElement): XmlElement {
  const known = screensOf(secret);
  const ofKind = (type: string | undefined): XmlElement | undefined =>
    known.find((screen) => attributeOf(screen, 'type') === type);
  return inDevices(domain, (device) => {
    if (device.name !== 'graphics' || attributeOf(device, 'passwd') !== undefined) return device;
    const before = ofKind(attributeOf(device, 'type'));
    return SECRET.reduce((screen, name) => {
      const value = attributeOf(before, name);
      return value === undefined ? screen : withAttribute(screen, name, value);
    }, device);
  });
}

function screensOf(domain: XmlElement): XmlElement[] {
  return childrenOf(childAt(domain, 'devices'), 'graphics');
}

function inDevices(domain: XmlElement, change: (device: XmlElement) => XmlElement): XmlElement {
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
