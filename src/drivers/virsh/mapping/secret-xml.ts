import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { VolumeSecret } from './volume-disk.js';

/** The definition of a secret. Its value is set by a call of its own, and libvirt gives it to no client again. */
export function secretXml({ uuid, usage, name }: Pick<VolumeSecret, 'uuid' | 'usage' | 'name'>): XmlElement {
  return element(
    'secret',
    { ephemeral: 'no', private: 'yes' },
    element('uuid', {}, uuid),
    element('usage', { type: usage }, element(usage === 'iscsi' ? 'target' : 'volume', {}, name)),
  );
}
