import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { newOperationId } from '../../../common/ids.js';
import {
  addressImageName,
  imageVolumeName,
  imageVolumeOf,
  keptImages,
  markName,
  requireImageName,
  unmarkedVolumes,
  type ImageVolume,
} from './image-volume.js';

const SHA256 = 'a1'.repeat(32);
const operationId = newOperationId();

const anyName = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('.', '..', '/', '%', '%2F', '.ok', 'é', '😀', ' ', '\n', '\0', 'image'),
    minLength: 1,
  }),
  fc.constantFrom('.', '..', '../../etc/passwd', 'noble.qcow2', `x.${SHA256}.1.ok`, 'https://images.example/a b?c'),
);
const anyVolume: fc.Arbitrary<ImageVolume> = fc.record({
  image: anyName,
  sha256: fc.constantFrom(SHA256, undefined),
  operationId: fc.constantFrom(operationId, newOperationId()),
  format: fc.constantFrom('raw', 'qcow2', 'iso'),
});

/** The name, or undefined of an image whose own name is too long. */
function named(volume: ImageVolume): string | undefined {
  try {
    return imageVolumeName(volume);
  } catch (error) {
    expect(String(error)).toContain('too long');
    return undefined;
  }
}

describe('names of volumes with images', () => {
  test('say what image it is, in the words of whoever gave them', () => {
    const name = imageVolumeName({ image: 'ubuntu 24.04', sha256: SHA256, operationId, format: 'qcow2' });
    expect(name).toBe(`image.ubuntu%2024.04.${SHA256}.${operationId.replaceAll('-', '')}.qcow2`);
    expect(imageVolumeOf(name)).toEqual({ image: 'ubuntu 24.04', sha256: SHA256, operationId, format: 'qcow2' });
  });

  test('can be read back, lead nowhere else, and fit', () => {
    fc.assert(
      fc.property(anyVolume, (volume) => {
        const name = named(volume);
        if (name === undefined) return;
        expect(imageVolumeOf(name)).toEqual(volume);
        expect(name).toMatch(/^image\.[A-Za-z0-9._%-]+$/);
        expect(markName(name, Number.MAX_SAFE_INTEGER).length).toBeLessThanOrEqual(255);
        expect(keptImages([markName(name, 7), name])).toEqual([{ ...volume, volume: name, bytes: 7 }]);
      }),
    );
  });

  test('are of one image each', () => {
    fc.assert(
      fc.property(anyVolume, anyVolume, (one, other) => {
        const names = [named(one), named(other)];
        if (names[0] === undefined || names[0] !== names[1]) return;
        expect(one).toEqual(other);
      }),
    );
  });

  test.each([
    ['another file', 'ubuntu.qcow2'],
    ['a disk of an instance', 'zenova-0198a7c2-5f00-7000-8000-0000000000a1-root'],
    ['what we would have written otherwise', `image.a%2fb.${SHA256}.${operationId.replaceAll('-', '')}.qcow2`],
    ['a percent sign of nothing', `image.a%.${SHA256}.${operationId.replaceAll('-', '')}.qcow2`],
    ['a format that is not kept', `image.a.${SHA256}.${operationId.replaceAll('-', '')}.vmdk`],
  ])('are not those of %s', (_what, name) => {
    expect(imageVolumeOf(name)).toBeUndefined();
    expect(keptImages([name, markName(name, 1)])).toEqual([]);
  });

  test('of images are refused beyond their room', () => {
    const most = 'x'.repeat(125);
    expect(imageVolumeOf(imageVolumeName({ image: most, sha256: SHA256, operationId, format: 'raw' }))?.image).toBe(
      most,
    );
    expect(() => requireImageName('image', `${most}x`)).toThrow('image: is too long');
    expect(() => requireImageName('image', '\ud800')).toThrow('image: is no name');
  });
});

describe('images', () => {
  const volume = imageVolumeName({ image: 'noble', sha256: SHA256, operationId, format: 'raw' });

  test('without a mark are on their way', () => {
    expect(keptImages([volume, 'other'])).toEqual([]);
    expect(unmarkedVolumes([volume, 'other'])).toEqual([volume]);
  });

  test('with a mark are whole', () => {
    const names = [volume, 'other', markName(volume, 512)];
    expect(keptImages(names).map(({ image, bytes }) => ({ image, bytes }))).toEqual([{ image: 'noble', bytes: 512 }]);
    expect(unmarkedVolumes(names)).toEqual([]);
  });

  test('of which the mark alone is left are none', () => {
    expect(keptImages([markName(volume, 512)])).toEqual([]);
  });
});

describe('names of images that come from addresses', () => {
  test('are the addresses', () => {
    expect(addressImageName('https://images.example/noble.img', '')).toBe('https://images.example/noble.img');
  });

  test('hold no signature, and are of that signature', () => {
    const name = addressImageName('https://images.example/noble.img', '?sig=canary');
    expect(name).not.toContain('canary');
    expect(name).not.toBe(addressImageName('https://images.example/noble.img', '?sig=another'));
  });

  test('always fit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (shown) => {
        expect(() => requireImageName('image', addressImageName(shown, ''))).not.toThrow();
      }),
    );
  });
});
