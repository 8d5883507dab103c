import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../', import.meta.url));

let daemon: Libvirtd;
let project: string;
beforeAll(async () => {
  daemon = await startLibvirtd();
  project = mkdtempSync(join(tmpdir(), 'node-libvirt-package-'));
});
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await daemon.stop();
});

/** Someone else's project: of this repository it has what the registry would bring beside the package. */
function installPackage(): void {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: PACKAGE });
  const [archive = ''] = readdirSync(project);
  const into = join(project, 'node_modules', 'node-libvirt');
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xzf', join(project, archive), '--strip-components=1', '-C', into]);
  for (const name of ['ssh2', '@types/node', 'undici-types']) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link);
  }
}

it('is a package that stands by itself: what it says of its types holds, and it runs', () => {
  installPackage();
  expect(readdirSync(join(project, 'node_modules', 'node-libvirt')).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'examples',
    'package.json',
  ]);
  const source = `
    import { connect, connectListAllDomains, LibvirtError } from 'node-libvirt';
    try {
      const connection = await connect('test+unix:///default?socket=${daemon.socketPath}');
      const { domains } = await connection.call(connectListAllDomains, {});
      const names: string[] = domains.map(({ name }) => name);
      console.log(names.join());
      await connection.close();
    } catch (error) {
      console.error(error instanceof LibvirtError ? error.codeName : error);
    }`;
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'domains.ts'), source);
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const strictly = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--types', 'node'];
  const options = ['--module', 'nodenext', '--target', 'es2023', ...strictly];
  const { stdout: faults } = spawnSync(process.execPath, [compiler, ...options, 'domains.ts'], { cwd: project });
  expect(faults.toString()).toBe('');
  expect(execFileSync(process.execPath, ['domains.js'], { cwd: project, encoding: 'utf8' })).toBe('test\n');
}, 300_000);
