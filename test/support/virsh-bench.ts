import { connect } from 'node-libvirt';
import { startLibvirtd, type LibvirtdOptions } from '../../scripts/libvirtd.mjs';
import { createVirsh } from '../../src/drivers/virsh/index.js';
import { ComputeBench, type ComputeBenchOptions } from './compute-bench.js';
import { LIBVIRT_CACHE } from './libvirt-cache.js';

/**
 * A daemon that is asked for QEMU for the first time asks each emulator first, for seconds, and for many on a machine that does other things
 * too. The service itself gives up sooner, and whoever asked may ask again.
 */
export const PATIENT_LIMITS = {
  readTimeoutMs: 120_000,
  resolveTimeoutMs: 120_000,
} as const;

type Libvirtd = Awaited<ReturnType<typeof startLibvirtd>>;

export interface VirshBenchOptions extends Partial<ComputeBenchOptions> {
  readonly libvirtd?: LibvirtdOptions;
  /** What the daemon is asked for: `test:///default`, its own test driver, when not given. */
  readonly driverUri?: (libvirtd: Libvirtd) => string;
  /** Settings of the host beside its URI. */
  readonly settings?: Record<string, unknown>;
}

/** The service before a private libvirtd, with one host that is called `kvm`. */
export class VirshBench {
  private constructor(
    readonly libvirtd: Libvirtd,
    readonly bench: ComputeBench,
  ) {}

  static async start({
    libvirtd: options = {},
    driverUri,
    settings = {},
    limits,
    ...rest
  }: VirshBenchOptions = {}): Promise<VirshBench> {
    const libvirtd = await startLibvirtd({ ...(options.emulators && { cacheDir: LIBVIRT_CACHE }), ...options });
    try {
      if (options.emulators !== undefined) await awaitEmulators(libvirtd);
      const uri = driverUri?.(libvirtd) ?? localUri('test:///default', libvirtd);
      const bench = await ComputeBench.start({
        drivers: [createVirsh().virtDriver],
        hosts: [
          {
            name: 'kvm',
            driver: 'virsh',
            // Most guests of tests have no system that would hear.
            settings: { uri, poll: { initial_ms: 50, max_ms: 250 }, shutdown_timeout_ms: 0, ...settings },
            manage: ['*'],
            protect: [],
            protectSelf: true,
          },
        ],
        limits: { ...PATIENT_LIMITS, ...limits },
        ...rest,
      });
      return new VirshBench(libvirtd, bench);
    } catch (error) {
      await libvirtd.stop();
      throw error;
    }
  }

  call(...[method, params]: Parameters<ComputeBench['call']>): ReturnType<ComputeBench['call']> {
    return this.bench.call(method, { host: 'kvm', ...params });
  }

  async stop(): Promise<void> {
    await this.bench.discard();
    await this.libvirtd.stop();
  }
}

/** Waits until a daemon knows its emulators: who asks it then has an answer at once. */
async function awaitEmulators(libvirtd: Libvirtd): Promise<void> {
  const connection = await connect(localUri(libvirtd.qemuUri, libvirtd), { openTimeoutMs: 120_000 });
  await connection.close();
}

/** A URI of a driver, asked of this daemon. */
export function localUri(uri: string, { socketPath }: Pick<Libvirtd, 'socketPath'>): string {
  const [scheme = '', rest = ''] = uri.split('://');
  return `${scheme}+unix://${rest}?socket=${encodeURIComponent(socketPath)}`;
}
