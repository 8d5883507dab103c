import { element, type XmlElement } from '../../../connectors/xml/index.js';

/**
 * A disk of a running domain, as it is at this moment, to be written into a new qcow2 file that is whole by itself.
 *
 * @param target of the disk: `vda`
 * @param file of the host, which libvirt makes
 * @param others targets of the disks that are left alone
 */
export function backupXml(target: string, file: string, others: readonly string[]): XmlElement {
  return element(
    'domainbackup',
    { mode: 'push' },
    element(
      'disks',
      {},
      element(
        'disk',
        { name: target, backup: 'yes', type: 'file' },
        element('driver', { type: 'qcow2' }),
        element('target', { file }),
      ),
      ...others.map((name) => element('disk', { name, backup: 'no' })),
    ),
  );
}
