import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { localUri, VirshBench } from '../../support/virsh-bench.js';

const MANY = 1000;
const RUNNING = 1;
const SHUT_OFF = 5;
let virsh: VirshBench;

beforeAll(async () => {
  virsh = await VirshBench.start({
    driverUri(libvirtd) {
      const file = join(libvirtd.dataDir, 'many.xml');
      writeFileSync(file, `<node>${Array.from({ length: MANY }, (_, n) => definition(n)).join('')}</node>`);
      return localUri(`test://${file}`, libvirtd);
    },
  });
});

afterAll(() => virsh.stop());

test('1,000 domains are listed with their states', async () => {
  const { instances } = await virsh.call('compute.list_instances', {});
  const states = new Map(
    (instances as { name: string; power_state: string }[]).map((one) => [one.name, one.power_state]),
  );
  expect(states.size).toBe(MANY);
  expect([...states].filter(([, state]) => state === 'running')).toHaveLength(MANY / 2);
  expect([states.get('guest0'), states.get('guest999')]).toEqual(['running', 'shutdown']);
  await expect(virsh.call('host.get_info', {})).resolves.toMatchObject({ instances: MANY, running: MANY / 2 });
});

function definition(n: number): string {
  const state = n % 2 === 0 ? RUNNING : SHUT_OFF;
  const run = `<test:runstate xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>${state}</test:runstate>`;
  return `<domain type='test'><name>guest${n}</name><memory>1024</memory><os><type>hvm</type></os>${run}</domain>`;
}
