import { describe, expect, test } from '@jest/globals';
import { differing, forgotten, keeping, keptIn } from './kept-boot.js';

const BOOT = {
  'boot-device': 'storage-volume',
  'boot-storage-volume': '/api/storage-groups/g/storage-volumes/v',
  'boot-os-specific-parameters': 'ä [zenova:x] "',
  'boot-configuration-selector': 3,
  'boot-network-device': null,
  'secure-boot': true,
} as const;

describe('boot settings in a description', () => {
  test.each(['', 'of mine', 'of mine [zenova:2f1c2b9e-0000-4000-8000-000000000000]'])(
    'are kept and forgotten: %j',
    (description) => {
      const kept = keeping(BOOT, description);
      expect(keptIn(kept)).toMatchObject(BOOT);
      expect(forgotten(kept)).toBe(description);
      expect(kept.endsWith(description.slice(-20))).toBe(true);
    },
  );

  test('are not found where nobody kept any, or somebody changed them', () => {
    expect(keptIn('of mine')).toBeUndefined();
    expect(keptIn('[zenova-boot:AAAA]')).toBeUndefined();
    expect(keptIn('[zenova-boot:W10=]')).toBeUndefined();
  });

  test('tell what has to be changed back, but for what the HMC does not have', () => {
    const now = { ...BOOT, 'boot-device': 'iso-image', 'boot-network-device': '/api/n', 'secure-boot': undefined };
    expect(differing(now, BOOT)).toEqual({ 'boot-device': 'storage-volume', 'boot-network-device': null });
    expect(differing(BOOT, BOOT)).toEqual({});
  });
});
