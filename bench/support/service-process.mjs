import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processorTime } from './processor-time.mjs';

const program = fileURLToPath(new URL('../../bin/zenova.mjs', import.meta.url));
const tether = new URL('../../scripts/environment/tether.mjs', import.meta.url).href;
const LOOK_EVERY_MS = 5;
const LONGEST_START_MS = 30_000;

/** `zenova serve` as an operator starts it, watched from without. */
export class ServiceProcess {
  #child;

  constructor(child, readyMs) {
    this.#child = child;
    /** From the start of the process until it says that it is ready. */
    this.readyMs = readyMs;
  }

  /** @param port where it serves `/readyz` */
  static async start(configFile, port) {
    const startedAt = performance.now();
    // Tethered: it ends with this process, whatever ends that.
    const child = spawn(process.execPath, ['--import', tether, program, 'serve', '--config', configFile], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`zenova serve ended with status ${child.exitCode}`);
      if (performance.now() - startedAt > LONGEST_START_MS) {
        child.kill('SIGKILL');
        throw new Error('zenova serve is not ready in time');
      }
      await setTimeout(LOOK_EVERY_MS);
    }
    return new ServiceProcess(child, performance.now() - startedAt);
  }

  /** Processor time so far, all threads, in milliseconds. */
  get processorMs() {
    return processorTime(this.#child.pid);
  }

  /** Resident memory now, in MB. */
  get residentMb() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
  }

  /** Open sockets now. */
  get sockets() {
    const directory = `/proc/${this.#child.pid}/fd`;
    return readdirSync(directory).filter((fd) => isSocket(`${directory}/${fd}`)).length;
  }

  /** Does something and tells the most that was seen meanwhile, and the processor time that it took. */
  async peakDuring(work) {
    const peak = { residentMb: 0, sockets: 0 };
    const look = () => {
      peak.residentMb = Math.max(peak.residentMb, this.residentMb);
      peak.sockets = Math.max(peak.sockets, this.sockets);
    };
    const timer = setInterval(look, 20);
    const before = this.processorMs;
    try {
      const result = await work();
      return { result, peak: { ...peak, cpu: this.processorMs - before } };
    } finally {
      clearInterval(timer);
      look();
    }
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function isReady(port) {
  try {
    const { status } = await fetch(`http://127.0.0.1:${port}/readyz`);
    return status === 200;
  } catch {
    return false;
  }
}

/** A file that was closed since it was listed is none. */
function isSocket(path) {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}
