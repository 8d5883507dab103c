import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { inCheckout } from '../environment/checkout.mjs';
import { npm } from '../environment/npm.mjs';
import { run, show } from '../environment/run.mjs';

/** @typedef {import('./containerfile.mjs').Stage} Stage */

/** Where a certificate authority of this machine stands in a tree while it is built. */
const AUTHORITIES = '/tmp/authorities-of-this-machine.pem';

// A mount and a process namespace of its own: nothing stays mounted or running, however the program ends.
const ENTER = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$@"';

/**
 * A Debian with nothing else in it.
 *
 * @param {string} image `debian:<suite>` or `debian:<suite>-slim`
 * @param {string} directory
 */
export async function bootstrap(image, directory) {
  const suite = /^debian:([a-z]+)(-slim)?$/.exec(image)?.[1];
  if (suite === undefined) throw new Error(`${image} is no image that debootstrap could make`);
  await must('debootstrap', ['--variant=minbase', suite, directory]);
}

/**
 * Carries out the steps of one stage.
 *
 * @param {Stage} stage
 * @param {string} root its tree, made from its base image
 * @param {ReadonlyMap<string, string>} stages trees of the stages before it
 * @returns {Promise<string>} the directory in which the container would start
 */
export async function build(stage, root, stages) {
  const env = await meansOfThisMachine(root);
  let directory = '/';
  for (const step of stage.steps) {
    const began = performance.now();
    if (step.kind === 'WORKDIR') {
      directory = resolve(directory, step.directory);
      mkdirSync(join(root, directory), { recursive: true });
      continue;
    }
    if (step.kind === 'COPY') {
      const tree = step.from === null ? inCheckout() : stages.get(step.from);
      if (tree === undefined) throw new Error(`COPY --from=${step.from}: there is no such stage`);
      for (const source of step.sources)
        copy(tree, source, root, resolve(directory, step.destination), step.destination.endsWith('/'));
    } else {
      await must(...inside(root, { directory, env: { ...env, ...stage.env }, user: null }, ['sh', '-c', step.command]));
    }
    const what =
      step.kind === 'RUN' ? step.command.replaceAll(/\s+/g, ' ') : `${step.sources.join(' ')} ${step.destination}`;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`\n── ${seconds} s: ${step.kind} ${what.length > 100 ? `${what.slice(0, 100)}…` : what}\n`);
  }
  return directory;
}

/**
 * @param {string} root
 * @param {{ directory: string, env: Record<string, string>, user: string | null }} where
 * @param {readonly string[]} command
 * @returns {[command: string, args: string[], options: { env: NodeJS.ProcessEnv }]} how it is run inside of a tree
 */
export function inside(root, { directory, env, user }, command) {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const whose = user === null ? [] : [`--userspec=${user}`];
  const go = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', directory, ...command];
  const enter = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ENTER, 'sh', root, ...whose, root, ...go];
  return ['unshare', enter, { env: { PATH: path, LC_ALL: 'C.UTF-8', ...env } }];
}

/**
 * Starts a program inside of a tree and lets it run.
 *
 * @param {Parameters<typeof inside>} place
 * @returns {import('node:child_process').ChildProcess}
 */
export function start(...place) {
  const [command, args, options] = inside(...place);
  return spawn(command, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
}

/**
 * What an engine gives a container (names of other machines), and how this machine reaches packages: an authority of its
 * own, a registry of its own.
 *
 * @param {string} root
 * @returns {Promise<Record<string, string>>} environment for the steps
 */
async function meansOfThisMachine(root) {
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) if (existsSync(file)) copyFileSync(file, join(root, file));
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  const registry = (await run(...npm('config', 'get', 'registry'))).trim();
  const env = { HOME: '/root', DEBIAN_FRONTEND: 'noninteractive', npm_config_registry: registry };
  if (authorities === undefined) return env;
  copyFileSync(authorities, join(root, AUTHORITIES));
  return { ...env, NODE_EXTRA_CA_CERTS: AUTHORITIES, npm_config_cafile: AUTHORITIES };
}

/** @type {(tree: string, source: string, root: string, destination: string, isDirectory: boolean) => void} */
function copy(tree, source, root, destination, isDirectory) {
  if (isAbsolute(source) && tree === inCheckout()) throw new Error(`COPY ${source}: is outside of the checkout`);
  const into = isDirectory ? join(destination, source) : destination;
  cpSync(join(tree, source), join(root, into), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

/** @type {(command: string, args: readonly string[], options?: { env?: NodeJS.ProcessEnv }) => Promise<void>} */
async function must(command, args, options) {
  const { status } = await show(command, args, options);
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}
