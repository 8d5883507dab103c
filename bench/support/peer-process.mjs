import { fork } from 'node:child_process';

/** Starts a peer in a process of its own; it says "ready" over IPC, and ends with its parent. */
export async function startPeer(file, options) {
  const child = fork(new URL(`../peers/${file}`, import.meta.url), [JSON.stringify(options)], { stdio: 'inherit' });
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${file} ended with status ${code} before it was ready`)));
  });
  return {
    pid: child.pid,
    async stop() {
      if (child.exitCode !== null) return;
      const gone = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** In a peer: its options, and what to call once it serves. */
export const peerOptions = () => JSON.parse(process.argv[2] ?? '{}');
export const ready = () => {
  process.once('disconnect', () => process.exit(0));
  process.send?.('ready');
};
