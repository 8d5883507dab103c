import { element, type XmlElement } from '../../../connectors/xml/index.js';

/** A disk whose writes go to a new file from the moment of the snapshot on; what it held until then stays as it is. */
export interface SnapshotDisk {
  readonly target: string;
  /** The new file, qcow2. */
  readonly overlay: string;
}

/**
 * A snapshot of some disks of a domain, outside of their files, without its memory.
 *
 * @param others targets of the disks that are left alone
 */
export function snapshotXml(name: string, disks: readonly SnapshotDisk[], others: readonly string[]): XmlElement {
  return element(
    'domainsnapshot',
    {},
    element('name', {}, name),
    element('memory', { snapshot: 'no' }),
    element(
      'disks',
      {},
      ...disks.map(({ target, overlay }) =>
        element(
          'disk',
          { name: target, snapshot: 'external', type: 'file' },
          element('driver', { type: 'qcow2' }),
          element('source', { file: overlay }),
        ),
      ),
      ...others.map((target) => element('disk', { name: target, snapshot: 'no' })),
    ),
  );
}
