import { ComputeBench, type ComputeBenchOptions } from '../../support/compute-bench.js';
import { startLibvirtHosts, type LibvirtHost, type LibvirtHosts } from '../../support/libvirt-hosts.js';
import { localUri } from '../../support/virsh-bench.js';
import { createVirsh } from '../../../src/drivers/virsh/index.js';

/** The service before two hosts with a libvirtd each, `kvm1` and `kvm2`, between which guests move. */
export class TwoHosts {
  private constructor(
    readonly there: LibvirtHosts,
    readonly bench: ComputeBench,
  ) {}

  /** @param settings further ones, of both hosts */
  static async start({
    emulators = ['x86_64'],
    settings = () => ({}),
    ...rest
  }: Partial<ComputeBenchOptions> & {
    readonly emulators?: readonly string[];
    readonly settings?: (there: LibvirtHosts, host: LibvirtHost) => object;
  } = {}): Promise<TwoHosts> {
    const there = await startLibvirtHosts({ names: ['kvm1', 'kvm2'], emulators });
    try {
      const hosts = there.hosts.map((host) => ({
        name: host.name,
        driver: 'virsh',
        settings: {
          uri: localUri('qemu:///system', host.daemon),
          poll: { initial_ms: 50, max_ms: 250 },
          ...settings(there, host),
        },
        manage: ['*'],
        protect: [],
        protectSelf: true,
      }));
      const bench = await ComputeBench.start({ drivers: [createVirsh().virtDriver], hosts, ...rest });
      return new TwoHosts(there, bench);
    } catch (error) {
      await there.stop();
      throw error;
    }
  }

  host(name: 'kvm1' | 'kvm2'): LibvirtHost {
    const found = this.there.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  /** Defines a guest, by libvirt itself, and starts it. */
  async start(name: 'kvm1' | 'kvm2', xml: string): Promise<void> {
    await this.host(name).run(`cat > /tmp/guest.xml <<'END'\n${xml}\nEND\nvirsh -q define /tmp/guest.xml`);
  }

  async stop(): Promise<void> {
    await this.bench.discard();
    await this.there.stop();
  }
}
