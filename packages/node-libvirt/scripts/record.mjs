/**
 * `npm run record -w node-libvirt`: writes test/golden/frames.json anew. libvirt's own client library (Debian's
 * python3-libvirt) goes through recording/scenario.py on a private libvirtd, and what passes between the two is kept.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { run } from '../../../scripts/environment/run.mjs';
import { recorded } from './recording/recorded.mjs';
import { startRecorder } from './recording/recorder.mjs';

const scenario = new URL('./recording/scenario.py', import.meta.url).pathname;
const golden = new URL('../test/golden/frames.json', import.meta.url);

const daemon = await startLibvirtd({ emulators: ['x86_64'] });
const socketPath = join(daemon.dataDir, 'recorder');
const recorder = await startRecorder(socketPath, daemon.socketPath);
try {
  const answers = await run('/usr/bin/python3', [scenario, socketPath, daemon.qemuUri.slice('qemu:///'.length)], {
    timeoutMs: 300_000,
  });
  process.stdout.write(answers);
} finally {
  await recorder.stop();
  await daemon.stop();
}
writeFileSync(golden, `${JSON.stringify(recorded(recorder.frames), null, 2)}\n`);
console.log(
  'Recorded. Times and sizes are others than before: hold test/golden/expected*.ts against what is printed above.',
);
