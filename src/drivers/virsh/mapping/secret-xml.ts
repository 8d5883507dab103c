import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { VolumeSecret } from './volume-disk.js';

/**
 * The definition of a secret, whose value is set by a call of its own. It is not private: its value goes with the instance to another host,
 * and whoever may ask for it, a client that may write, is root on that host in any case.
 */
export function secretXml({ uuid, usage, name }: Pick<VolumeSecret, 'uuid' | 'usage' | 'name'>): XmlElement {
  return element(
    'secret',
    { ephemeral: 'no', private: 'no' },
    element('uuid', {}, uuid),
    element('usage', { type: usage }, element(usage === 'iscsi' ? 'target' : 'volume', {}, name)),
  );
}
