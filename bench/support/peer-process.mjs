import { fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a peer in a process of its own; it says "ready" over IPC, and ends with its parent. */
export async function startPeer(file, options) {
  const child = fork(new URL(`../peers/${file}`, import.meta.url), [JSON.stringify(options)], {
    stdio: 'inherit',
    serialization: 'advanced', // JSON has no NaN
    execArgv: [], // the tether of this process is not for its own
  });
  await nextMessage(child, file);
  return {
    pid: child.pid,
    /** Has the peer do what it offers under this name; one thing at a time. */
    async ask(name, argument) {
      if (!child.connected) throw new Error(`${file} ended with status ${child.exitCode ?? child.signalCode}`);
      const answered = nextMessage(child, file);
      child.send({ name, argument });
      const { error, result } = await answered;
      if (error !== undefined) throw new Error(`${file}: ${error}`);
      return result;
    },
    stop: () => ended(child, () => child.kill('SIGTERM')),
  };
}

/** The same for a peer in Python, Debian's own: it says "ready" on its output, and ends when its input does. */
export async function startPythonPeer(file, options) {
  const path = fileURLToPath(new URL(`../peers/${file}`, import.meta.url));
  const child = spawn('/usr/bin/python3', ['-W', 'ignore', path, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (status) => reject(new Error(`${file} ended with status ${status}`)));
  });
  return { pid: child.pid, stop: () => ended(child, () => child.stdin.end()) };
}

async function ended(child, end) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  end();
  await gone;
}

function nextMessage(child, file) {
  return new Promise((resolve, reject) => {
    const onExit = (status) => reject(new Error(`${file} ended with status ${status}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}

/** In a peer: its options, and what to call once it serves, with what its parent may ask. */
export const peerOptions = () => JSON.parse(process.argv[2] ?? '{}');
export const ready = (offers = {}) => {
  process.once('disconnect', () => process.exit(0));
  process.on('message', ({ name, argument }) => {
    Promise.resolve()
      .then(() => offers[name](argument))
      .then(
        (result) => process.send?.({ result }),
        (error) => process.send?.({ error: String(error?.stack ?? error) }),
      );
  });
  process.send?.('ready');
};
