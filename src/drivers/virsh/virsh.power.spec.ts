import { describe, expect, test } from '@jest/globals';
import { createVirsh } from './index.js';

const { schema } = createVirsh().powerType;
const parameters = (address: string, password?: string): object => ({
  power_address: address,
  power_id: 'web01',
  ...(password === undefined ? {} : { power_pass: password }),
});

describe('parameters of a machine', () => {
  test.each([
    parameters('qemu+ssh://root@kvm1/system', 'hunter2'),
    parameters('qemu+ssh://root@kvm1/system'),
    parameters('qemu+tls://kvm1/system'),
    parameters('qemu:///system'),
    parameters('test:///default'),
  ])('%j are taken', (given) => {
    expect(schema.safeParse(given).success).toBe(true);
  });

  test.each<[object, string | undefined]>([
    [parameters('qemu:///system', 'hunter2'), 'power_pass'],
    [parameters('qemu+unix:///system', 'hunter2'), 'power_pass'],
    [parameters('qemu+tls://kvm1/system', 'hunter2'), 'power_pass'],
    [parameters('test:///default', 'hunter2'), 'power_pass'],
    [parameters('qemu+ssh://root@kvm1/system', ''), 'power_pass'],
    [parameters('qemu+ssh://root:hunter2@kvm1/system'), 'power_address'],
    [parameters('qemu+ssh://kvm1/system?command=hunter2'), 'power_address'],
    [{ power_address: 'qemu:///system' }, 'power_id'],
    [{ ...parameters('qemu:///system'), power_user: 'root' }, undefined],
  ])('%j are refused', (given, path) => {
    const { error } = schema.safeParse(given);
    expect(error?.issues.map((issue) => issue.path[0])).toEqual([path]);
    expect(JSON.stringify(error?.issues)).not.toContain('hunter2');
  });
});
