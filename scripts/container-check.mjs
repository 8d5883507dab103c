/**
 * `npm run check:container`: carries out packaging/container/Containerfile with no container engine. Each stage becomes a
 * directory (debootstrap), its steps run there (chroot), and at last the image's own command serves as its user, its
 * health check asks it, and a caller inside finds it over a broker. Takes root, and some minutes.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBroker } from './broker.mjs';
import { bootstrap, build, inside, start } from './container/chroot.mjs';
import { readContainerfile } from './container/containerfile.mjs';
import { inCheckout } from './environment/checkout.mjs';
import { run } from './environment/run.mjs';
import { main, Stop } from './environment/stop.mjs';
import { isPortFree } from './server/free-port.mjs';
import { descendants } from './server/processes.mjs';

/** @typedef {import('./container/containerfile.mjs').Stage} Stage */

const healthyWithinMs = 60_000;

await main(async () => {
  if (process.getuid?.() !== 0) throw new Stop('A chroot takes root: run this as root.');
  if (!existsSync('/usr/sbin/debootstrap')) throw new Stop('debootstrap is missing: apt-get install debootstrap');
  if (!(await isPortFree(8780))) throw new Stop('127.0.0.1:8780 is in use, where the image serves its health.');

  const work = mkdtempSync(join(tmpdir(), 'zenova-container-'));
  try {
    const stages = readContainerfile(inCheckout('packaging', 'container', 'Containerfile'));
    const last = stages.at(-1);
    if (last === undefined) throw new Stop('The container file has no stage.');
    const { root, directory } = await buildAll(stages, work);
    const image = { root, place: { directory, env: last.env, user: last.user }, stage: last };
    await looksRight(image);
    await serves(image);
    console.log('\nThe container file builds, and what it builds serves.');
    return 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

/**
 * @param {readonly Stage[]} stages
 * @param {string} work
 */
async function buildAll(stages, work) {
  /** @type {Map<string, string>} */
  const bases = new Map();
  /** @type {Map<string, string>} */
  const built = new Map();
  let last = { root: '', directory: '/' };
  for (const [number, stage] of stages.entries()) {
    const root = join(work, `stage-${number}`);
    const base = built.get(stage.image) ?? bases.get(stage.image) ?? join(work, `base-${number}`);
    if (!existsSync(base)) {
      await bootstrap(stage.image, base);
      bases.set(stage.image, base);
    }
    await run('cp', ['--archive', '--reflink=auto', base, root]); // with its device files
    last = { root, directory: await build(stage, root, built) };
    if (stage.name !== null) built.set(stage.name, root);
  }
  return last;
}

/** @typedef {{ root: string, place: Parameters<typeof inside>[1], stage: Stage }} Image */

/** @param {Image} image */
async function looksRight({ root, place }) {
  const compilers = ['gcc', 'g++', 'cc', 'make', 'npm'].filter((name) => existsSync(join(root, 'usr/bin', name)));
  if (compilers.length > 0) throw new Stop(`The image holds ${compilers.join(', ')}, which it does not need to run.`);
  const programs = ['pg_dump', 'pg_restore', 'prlimit', 'qemu-img', 'tar', 'xorriso'];
  const missing = programs.filter((name) => !['bin', 'usr/bin'].some((bin) => existsSync(join(root, bin, name))));
  if (missing.length > 0) throw new Stop(`The image lacks ${missing.join(', ')}, which the service runs.`);
  const id = (await run(...inside(root, place, ['id', '-u']))).trim();
  if (id === '0') throw new Stop('The image runs as root.');
  const megabytes = (await run('du', ['--summarize', '--block-size=1M', root])).split('\t')[0];
  console.log(`\nruns as user ${id}; ${megabytes} MB with its Debian`);
}

/** @param {Image} image */
async function serves({ root, place, stage }) {
  const broker = await startBroker();
  try {
    mkdirSync(join(root, 'etc/zenova'), { recursive: true });
    const hosts = { lab: { driver: 'fake', settings: { names: ['web01'] } } };
    const config = { server: 'container', amqp: { url: broker.url }, hosts };
    writeFileSync(join(root, 'etc/zenova/zenova.yaml'), JSON.stringify(config)); // JSON is YAML
    const service = start(root, place, [...stage.entrypoint, ...stage.command]);
    const ended = once(service, 'exit');
    try {
      await healthy({ root, place, stage }, service);
      const caller = { ...place, env: { ...place.env, ZENOVA_AMQP_URL: broker.url } };
      const answer = await run(...inside(root, caller, ['zenova', 'instance', 'power-on', 'lab', 'web01', '--json']));
      const { outcome } = JSON.parse(answer);
      console.log(`healthy; a power-on from inside: ${outcome}`);
      if (outcome !== 'done') throw new Stop(`The answer to a power-on is ${answer}`);
    } finally {
      // unshare passes no signal on; the service is its child, as it would be the first process of a container.
      for (const pid of descendants(service.pid ?? 0)) process.kill(pid, 'SIGTERM');
      const [status] = await ended;
      console.log(`stopped, exit status ${status}`);
    }
  } finally {
    await broker.stop();
  }
}

/**
 * @param {Image} image
 * @param {import('node:child_process').ChildProcess} service
 */
async function healthy({ root, place, stage }, service) {
  const giveUpAt = Date.now() + healthyWithinMs;
  for (;;) {
    try {
      await run(...inside(root, place, stage.healthcheck));
      return;
    } catch (error) {
      if (service.exitCode !== null || Date.now() > giveUpAt)
        throw new Stop(`The service does not become healthy: ${String(error)}`);
      await delay(500);
    }
  }
}
