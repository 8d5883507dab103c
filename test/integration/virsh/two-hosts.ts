import { join } from 'node:path';
import { createVirsh } from '../../../src/drivers/virsh/index.js';
import { ComputeBench, type ComputeBenchOptions } from '../../support/compute-bench.js';
import { eventually } from '../../support/eventually.js';
import { guestSystems, type GuestSystems } from '../../support/guest-systems.js';
import { startLibvirtHosts, type LibvirtHost, type LibvirtHosts } from '../../support/libvirt-hosts.js';
import { localUri } from '../../support/virsh-bench.js';

export type HostName = 'kvm1' | 'kvm2';

export interface TwoHostsOptions extends Partial<ComputeBenchOptions> {
  readonly emulators?: readonly GuestSystems['arch'][];
  /** Further lines of sh by which a host is set up. */
  readonly setUp?: () => readonly string[];
  /** Further settings of the hosts, of moves to them too. */
  readonly settings?: (there: LibvirtHosts, host: LibvirtHost) => { readonly migration?: object };
}

/** The service before two hosts with a libvirtd each, `kvm1` and `kvm2`, between which guests move. */
export class TwoHosts {
  private constructor(
    readonly there: LibvirtHosts,
    readonly bench: ComputeBench,
  ) {}

  static async start({
    emulators = ['x86_64'],
    setUp = () => [],
    settings = () => ({}),
    ...rest
  }: TwoHostsOptions = {}): Promise<TwoHosts> {
    const { kernel } = await guestSystems('x86_64');
    const there = await startLibvirtHosts({ names: ['kvm1', 'kvm2'], emulators, setUp });
    try {
      const hosts = there.hosts.map((host) => {
        const { migration, ...others } = settings(there, host);
        return {
          name: host.name,
          driver: 'virsh',
          settings: {
            uri: localUri('qemu:///system', host.daemon),
            poll: { initial_ms: 50, max_ms: 250 },
            host_folders: [join(kernel, '../..'), '/var/lib/libvirt/images'],
            migration: { uri: host.uri, ...migration },
            ...others,
          },
          manage: ['*'],
          protect: [],
          protectSelf: true,
        };
      });
      const bench = await ComputeBench.start({ drivers: [createVirsh().virtDriver], hosts, ...rest });
      return new TwoHosts(there, bench);
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

  /** Launches a guest with a root disk of its own that starts from a kernel. @param words further ones for its kernel */
  async launch(
    instance: string,
    { arch = 'x86_64', words = '', more = {} }: { arch?: GuestSystems['arch']; words?: string; more?: object } = {},
  ): Promise<void> {
    const { kernel, initrd, kernelParameters } = await guestSystems(arch);
    await this.bench.call('compute.spawn', {
      host: 'kvm1',
      name: instance,
      flavor: { vcpus: 1, memory_mib: 256, root_gib: 1 },
      driver_options: {
        virsh: {
          virt_type: 'qemu',
          arch,
          hotplug_slots: 0,
          kernel: { path: kernel, initrd, parameters: `${kernelParameters} ${words}` },
        },
      },
      ...more,
    });
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

  /** Waits until a guest is busy, by its console. */
  async busy(instance: string): Promise<void> {
    const log = `$(virsh dumpxml ${instance} | sed -n "s/.*<log file='\\([^']*\\)'.*/\\1/p" | head -n 1)`;
    const isBusy = async () => (await this.host('kvm1').run(`grep -c 'zenova busy' ${log} || true`)).trim() !== '0';
    await eventually(isBusy, `${instance} to be busy`, 120_000);
  }

  /** Waits until somebody tells anew how far a move is. */
  async isFollowed(id: string): Promise<void> {
    const isTold = async () => {
      const { progress } = await this.bench.call('operation.get', { operation_id: id });
      return Number((progress as { percent?: number } | null)?.percent) > 0;
    };
    await eventually(isTold, 'the migration to be followed', 60_000);
  }

  /** What a killed daemon makes of a move: it ended, or is begun once more, and then is aborted. */
  async settles(id: string, instance: string): Promise<void> {
    await eventually(
      async () => {
        const { state, progress } = await this.bench.call('operation.get', { operation_id: id });
        if (['done', 'failed', 'cancelled'].includes(String(state))) return true;
        const isMoving = await this.host('kvm1').run(`virsh domjobinfo ${instance} 2>/dev/null || true`);
        if (!/Operation: +Outgoing migration/.test(isMoving) || progress === null) return false;
        await this.bench.call('compute.live_migration_abort', { host: 'kvm1', instance });
        return true;
      },
      'the move to be over',
      180_000,
    );
  }

  /** Begins a move, and waits until the host shows it under way. */
  async beginMove(instance: string): Promise<string> {
    const accepted = await this.bench.call('compute.live_migrate', {
      host: 'kvm1',
      instance,
      destination: 'kvm2',
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
      60_000,
    );
    return id;
  }

  /** An operation once it has ended. */
  async ended(id: string): Promise<Record<string, unknown>> {
    return await eventually(
      async () => {
        const view = await this.bench.call('operation.get', { operation_id: id });
        return ['done', 'failed', 'cancelled'].includes(String(view['state'])) ? view : undefined;
      },
      `operation ${id} to end`,
      120_000,
    );
  }

  async stop(): Promise<void> {
    await this.bench.discard();
    await this.there.stop();
  }
}
