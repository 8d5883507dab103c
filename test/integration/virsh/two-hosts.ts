import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ComputeError } from '../../../src/common/errors/index.js';
import { createVirsh } from '../../../src/drivers/virsh/index.js';
import { ImageFetcher } from '../../../src/images/index.js';
import { ComputeBench, type ComputeBenchOptions } from '../../support/compute-bench.js';
import { eventually } from '../../support/eventually.js';
import { guestSystems, type GuestSystems } from '../../support/guest-systems.js';
import { startLibvirtHosts, type LibvirtHost, type LibvirtHosts } from '../../support/libvirt-hosts.js';
import { localUri, PATIENT_LIMITS } from '../../support/virsh-bench.js';

export type HostName = 'kvm1' | 'kvm2';

export interface TwoHostsOptions extends Partial<ComputeBenchOptions> {
  readonly emulators?: readonly GuestSystems['arch'][];
  /** Further lines of sh by which a host is set up. */
  readonly setUp?: () => readonly string[];
  /** Further settings of the hosts, of moves to them too. */
  readonly settings?: (there: LibvirtHosts, host: LibvirtHost) => HostSettings;
  /** Further names of the hosts, each with settings of its own. */
  readonly aliases?: (there: LibvirtHosts) => Readonly<Record<string, HostSettings & { readonly of: HostName }>>;
}

export interface LaunchOptions {
  readonly arch?: GuestSystems['arch'];
  /** Further ones for its kernel. */
  readonly words?: string;
  readonly host?: string;
  /** Further ones of the driver's. */
  readonly options?: object;
  /** What else the description says. */
  readonly more?: object;
}

export interface HostSettings {
  /** Where the service connects, when not at the daemon itself. */
  readonly uri?: string;
  readonly migration?: object;
  readonly pool?: object;
  readonly request_timeout_ms?: number;
}

/** The service before two hosts with a libvirtd each, `kvm1` and `kvm2`, between which guests move. */
export class TwoHosts {
  private constructor(
    readonly there: LibvirtHosts,
    readonly bench: ComputeBench,
    private readonly fetched: string,
  ) {}

  static async start({
    emulators = ['x86_64'],
    setUp = () => [],
    settings = () => ({}),
    aliases = () => ({}),
    limits,
    ...rest
  }: TwoHostsOptions = {}): Promise<TwoHosts> {
    const { kernel } = await guestSystems('x86_64');
    const systems = join(kernel, '../..');
    const fetched = mkdtempSync(join(tmpdir(), 'zenova-two-hosts-'));
    const there = await startLibvirtHosts({ names: ['kvm1', 'kvm2'], emulators, setUp });
    const hostOf = (name: string, { daemon, uri }: LibvirtHost, { migration, ...others }: HostSettings) => ({
      name,
      driver: 'virsh',
      settings: {
        uri: localUri('qemu:///system', daemon),
        poll: { initial_ms: 50, max_ms: 250 },
        // Guests that have just been started hear nothing yet.
        shutdown_timeout_ms: 0,
        host_folders: [systems, there.shared, '/var/lib/libvirt/images'],
        migration: { uri, ...migration },
        ...others,
      },
      manage: ['*'],
      protect: [],
      protectSelf: true,
    });
    try {
      const hosts = [
        ...there.hosts.map((host) => hostOf(host.name, host, settings(there, host))),
        ...Object.entries(aliases(there)).flatMap(([name, { of, ...more }]) =>
          there.hosts.filter((host) => host.name === of).map((host) => hostOf(name, host, more)),
        ),
      ];
      const images = new ImageFetcher({
        folder: fetched,
        fileFolders: [dirname(kernel)],
        maxBytes: 1_000_000_000,
        timeoutMs: 120_000,
        trust: { kind: 'system' },
      });
      const bench = await ComputeBench.start({
        drivers: [createVirsh().virtDriver],
        hosts,
        images,
        limits: { ...PATIENT_LIMITS, ...limits },
        ...rest,
      });
      return new TwoHosts(there, bench, fetched);
    } catch (error) {
      await there.stop();
      throw error;
    }
  }

  host(name: HostName): LibvirtHost {
    const found = this.there.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  /** Launches a guest with a root disk of its own that starts from a kernel. @returns its UUID */
  async launch(
    instance: string,
    { arch = 'x86_64', words = '', host = 'kvm1', options = {}, more = {} }: LaunchOptions = {},
  ): Promise<string> {
    const { kernel, initrd, kernelParameters } = await guestSystems(arch);
    const { id } = await this.bench.call('compute.spawn', {
      host,
      name: instance,
      flavor: { vcpus: 1, memory_mib: 256, root_gib: 1 },
      driver_options: {
        virsh: {
          virt_type: 'qemu',
          arch,
          hotplug_slots: 0,
          kernel: { path: kernel, initrd, parameters: `${kernelParameters.trim()} ${words}`.trim() },
          ...options,
        },
      },
      ...more,
    });
    return String(id);
  }

  /** What a host has, by libvirt itself: names of all domains, or of those that run. */
  async domains(name: HostName, options = '--all'): Promise<string[]> {
    const names = await this.host(name).run(`virsh -q list ${options} --name`);
    return names.split('\n').filter(Boolean);
  }

  async volumes(name: HostName): Promise<string[]> {
    const list = await this.host(name).run('virsh -q pool-refresh zenova >/dev/null && virsh -q vol-list zenova');
    return list.split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || []);
  }

  /** Volumes of an instance. */
  async volumesOf(name: HostName, id: string): Promise<string[]> {
    return (await this.volumes(name)).filter((volume) => volume.startsWith(`zenova-${id}-`)).toSorted();
  }

  /** What a guest will be at its next start, with the secrets in it. */
  async definition(name: HostName, instance: string): Promise<string> {
    return await this.host(name).run(`virsh dumpxml --inactive --security-info ${instance}`);
  }

  /** Waits until a guest is busy, by its console. */
  async busy(instance: string): Promise<void> {
    await this.says('kvm1', instance, 'zenova busy');
  }

  /** Waits until the console of a guest has shown something, as its host has kept it. */
  async says(host: HostName, instance: string, what: string): Promise<void> {
    const isShown = async () =>
      (await this.host(host).run(`grep -c '${what}' ${logOf(instance)} || true`)).trim() !== '0';
    await eventually(isShown, `${instance} to say "${what}"`, 240_000);
  }

  /** Types a line on the console of a guest that listens, and stays there until it was heard. */
  async tells(host: HostName, instance: string, line: string): Promise<void> {
    const isHeard = `grep -q 'heard: ${line}' ${logOf(instance)}`;
    await this.host(host).run(
      `exec 3>"$(virsh ttyconsole ${instance})"
       echo '${line}' >&3
       for try in $(seq 2400); do ${isHeard} && exit; sleep 0.1; done
       exit 1`,
    );
  }

  /** Waits until somebody tells anew how far a move is. */
  async isFollowed(id: string): Promise<void> {
    const isTold = async () => {
      const { progress } = await this.bench.call('operation.get', { operation_id: id });
      return Number((progress as { percent?: number } | null)?.percent) > 0;
    };
    await eventually(isTold, 'the migration to be followed', 240_000);
  }

  /** What a killed daemon makes of a move: it ended, or is begun once more, and then is aborted. @returns the operation once it has ended */
  async settles(id: string, instance: string): Promise<Record<string, unknown>> {
    const isOver = async () => {
      const { state, progress } = await this.bench.call('operation.get', { operation_id: id });
      if (hasEnded(state)) return true;
      const isMoving = await this.host('kvm1').run(`virsh domjobinfo ${instance} 2>/dev/null || true`);
      if (!/Operation: +Outgoing migration/.test(isMoving) || progress === null) return false;
      const aborted = this.bench.call('compute.live_migration_abort', { host: 'kvm1', instance });
      // It may have ended at this very moment.
      return await aborted.then(Boolean, unlessConflict);
    };
    await eventually(isOver, 'the move to be over, or aborted', 180_000);
    return await this.ended(id);
  }

  /** Begins a move, and waits until the host shows it under way. */
  async beginMove(instance: string, destination: string, host = 'kvm1'): Promise<string> {
    const accepted = await this.bench.call('compute.live_migrate', {
      host,
      instance,
      destination,
      wait: 'accepted',
    });
    const id = String(accepted['operation_id']);
    await eventually(
      async () => {
        const { progress, state, error } = await this.bench.call('operation.get', { operation_id: id });
        if (state === 'failed') throw new Error(JSON.stringify(error));
        return Number((progress as { percent?: number } | null)?.percent) > 0;
      },
      'the migration to be under way',
      240_000,
    );
    return id;
  }

  /** An operation once it has ended. */
  async ended(id: string): Promise<Record<string, unknown>> {
    return await eventually(
      async () => {
        const view = await this.bench.call('operation.get', { operation_id: id });
        return hasEnded(view['state']) ? view : undefined;
      },
      `operation ${id} to end`,
      240_000,
    );
  }

  async stop(): Promise<void> {
    await this.bench.discard();
    await this.there.stop();
    rmSync(this.fetched, { recursive: true });
  }
}

function unlessConflict(error: unknown): false {
  if (error instanceof ComputeError && error.code === 'STATE_CONFLICT') return false;
  throw error;
}

function hasEnded(state: unknown): boolean {
  return ['done', 'failed', 'cancelled'].includes(String(state));
}

/** Where its host keeps what the console of a guest has shown, as words of sh. */
function logOf(instance: string): string {
  return `$(virsh dumpxml ${instance} | sed -n "s/.*<log file='\\([^']*\\)'.*/\\1/p" | head -n 1)`;
}
