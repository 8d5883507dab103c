import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../common/secret.js';
import { accessOf, VirshSettingsSchema } from '../virsh.settings.js';
import { accessKey, breakerKey, isVerified, type LibvirtAccess } from './libvirt-access.js';

function access(settings: object): LibvirtAccess {
  return accessOf(VirshSettingsSchema.parse({ uri: 'qemu+ssh://root@kvm1/system', ...settings }));
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zenova-access-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const withPassword = (text: string) => access({ ssh: { password: new Secret(text) } });

describe('accesses', () => {
  test('share connections when everything is equal', () => {
    expect(accessKey(withPassword('one'))).toBe(accessKey(withPassword('one')));
    const others = [
      withPassword('two'),
      access({}),
      access({ ssh: { key_file: '/k' } }),
      access({ ssh: { fingerprints: [`SHA256:${'A'.repeat(43)}`] } }),
      access({ uri: 'qemu+ssh://admin@kvm1/system' }),
    ];
    const keys = new Set(others.map(accessKey));
    expect(keys.size).toBe(others.length);
    expect(keys).not.toContain(accessKey(withPassword('one')));
  });

  test('are remembered by a credential that tells nothing, and changes with the key file', async () => {
    const file = join(folder, 'key');
    const one = access({ ssh: { key_file: file } });
    const missing = await breakerKey(one);
    writeFileSync(file, 'a key');
    const before = await breakerKey(one);
    expect(before).toEqual({
      endpoint: 'kvm1:22/system',
      user: 'root',
      credential: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(await breakerKey(one)).toEqual(before);
    writeFileSync(file, 'another key');
    const credentials = [missing, before, await breakerKey(one), await breakerKey(withPassword('one'))];
    expect(new Set(credentials.map(({ credential }) => credential)).size).toBe(4);
    expect(JSON.stringify(withPassword('hunter2'))).not.toContain('hunter2');
  });

  test('are verified unless somebody says otherwise', () => {
    expect(isVerified(access({}))).toBe(true);
    expect(isVerified(access({ uri: 'qemu+tls://kvm1/system', tls: { verify: false } }))).toBe(false);
    expect(isVerified(access({ uri: 'qemu+ssh://kvm1/system?no_verify=1' }))).toBe(false);
    // What the settings say goes before the URI.
    const pinned = { uri: 'qemu+ssh://kvm1/system?no_verify=1', ssh: { fingerprints: [`SHA256:${'A'.repeat(43)}`] } };
    expect(isVerified(access(pinned))).toBe(true);
  });
});
