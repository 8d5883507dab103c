import type { AnyVirtDriver, CallContext, Target, VirtHost } from '../../src/compute/contract/index.js';

/** What a test puts before an answer of the driver: it may wait, or throw. */
export type Hook = (ctx: CallContext, reference: string) => Promise<void>;

/** A driver whose `resolve` a test can hold up; it outlives the hosts that are opened with it. */
export class ScriptedDriver {
  beforeResolve: Hook = () => Promise.resolve();
  readonly driver: AnyVirtDriver;

  constructor(real: AnyVirtDriver) {
    this.driver = {
      ...real,
      open: (name, settings, ports): VirtHost => {
        const host = real.open(name, settings, ports);
        const resolve = async (ctx: CallContext, reference: string): Promise<Target> => {
          await this.beforeResolve(ctx, reference);
          return host.resolve(ctx, reference);
        };
        return { ...host, resolve };
      },
    };
  }
}

/** A gate that is shut until it is opened. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}
