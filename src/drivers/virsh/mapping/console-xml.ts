import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { DomainDefinition } from './domain-definition.js';

/** The serial console, and where what it shows is kept. */
export function consolesXml({ console, consoleLog }: DomainDefinition): XmlElement[] {
  // It is kept over a restart, of which people want to know why.
  const log = consoleLog !== undefined && element('log', { file: consoleLog, append: 'on' });
  if (console !== 'serial') {
    return [element('console', { type: 'pty' }, log, element('target', { type: console, port: 0 }))];
  }
  return [
    element('serial', { type: 'pty' }, log, element('target', { type: 'isa-serial', port: 0 })),
    element('console', { type: 'pty' }, element('target', { type: 'serial', port: 0 })),
  ];
}

/** Screens, with what is needed to see and to use them. */
export function displayXml({ arch, graphics, video }: DomainDefinition): XmlElement[] {
  if (video === undefined) return arch === 's390x' ? [] : [element('video', {}, element('model', { type: 'none' }))];
  const bus = arch === 's390x' ? 'virtio' : 'usb';
  return [
    element('input', { type: 'tablet', bus }),
    element('input', { type: 'keyboard', bus }),
    ...graphics.map(graphicsXml),
    ...graphics
      .filter(({ type }) => type === 'spice')
      .map(() =>
        element('channel', { type: 'spicevmc' }, element('target', { type: 'virtio', name: 'com.redhat.spice.0' })),
      ),
    element('video', {}, element('model', { type: video })),
  ];
}

function graphicsXml({ type, listen }: DomainDefinition['graphics'][number]): XmlElement {
  return element('graphics', { type, autoport: 'yes' }, element('listen', { type: 'address', address: listen }));
}
