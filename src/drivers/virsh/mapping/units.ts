import { attributeOf, textOf, wholeNumber, XmlFailure, type XmlElement } from '../../../connectors/xml/index.js';

const POWERS = ['K', 'M', 'G', 'T', 'P', 'E'] as const;

/**
 * A size that libvirt tells, in bytes: with a unit of its own (`KiB`, `MB`, `b`), or in the one that is usual there.
 *
 * @throws XmlFailure unexpected when it is no size
 */
export function bytesOf(from: XmlElement | undefined, usualUnit: 'bytes' | 'KiB'): number | undefined {
  const amount = wholeNumber(textOf(from), `the size in <${from?.name}>`);
  if (amount === undefined) return undefined;
  const bytes = amount * factorOf(attributeOf(from, 'unit') ?? usualUnit);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new XmlFailure('unexpected', `the size in <${from?.name}> is beyond all sizes`);
}

/** "KB" is a thousand, "KiB" and "k" are 1024 (libvirt, "memory allocation"). */
function factorOf(unit: string): number {
  if (unit === 'b' || unit === 'bytes' || unit === 'byte' || unit === 'B') return 1;
  const [, letter = '', ending = ''] = /^([A-Za-z])(iB|B)?$/.exec(unit) ?? [];
  const power = POWERS.findIndex((one) => one === letter.toUpperCase()) + 1;
  if (power === 0) throw new XmlFailure('unexpected', `"${unit.slice(0, 20)}" is no unit of a size`);
  return (ending === 'B' ? 1000 : 1024) ** power;
}
