import { messageOf } from '../../common/errors/index.js';
import type {
  AdviceOperations,
  ConsoleOperations,
  ImageOperations,
  InstanceSummary,
  InventoryOperations,
  PowerOperations,
} from '../../compute/contract/index.js';
import { devicesOf, facts, usage } from './fake-facts.js';
import { shownImage } from './fake-image.js';
import type { FakeInstance } from './fake-instance.js';
import { hostRequirements, instanceRequirements } from './fake-preflight.js';
import type { FakeSite } from './fake-site.js';

/** What a fake host tells of itself. */
export function fakeReads(
  site: FakeSite,
): Pick<PowerOperations, 'queryPower'> &
  InventoryOperations &
  AdviceOperations &
  Pick<ImageOperations, 'listImages'> &
  Pick<ConsoleOperations, 'getConsoleLog'> {
  const summary = (instance: FakeInstance, now: number): InstanceSummary => ({
    name: instance.name,
    id: instance.id,
    state: site.observe(instance, now),
  });
  return {
    async queryPower(ctx, reference) {
      await site.read(ctx, 'queryPower', reference);
      return site.observe(site.find(reference), ctx.clock.now());
    },
    async listInstances(ctx) {
      await site.read(ctx, 'listInstances');
      return site.all().map((instance) => summary(instance, ctx.clock.now()));
    },
    async getInfo(ctx, reference, options) {
      await site.read(ctx, 'getInfo', reference);
      const instance = site.find(reference);
      const now = ctx.clock.now();
      const { vcpus, memory_mib: memoryMib, extras } = instance.hardware.flavor;
      return {
        ...summary(instance, now),
        vcpus,
        memoryMib,
        maxMemoryMib: Number(extras?.['max_memory_mib'] ?? 2 * memoryMib),
        cpuTimeNs: null,
        native: facts(instance),
        ...(options?.devices === true ? { devices: devicesOf(instance) } : {}),
      };
    },
    async getDiagnostics(ctx, reference) {
      await site.read(ctx, 'getDiagnostics', reference);
      const instance = site.find(reference);
      return { ...summary(instance, ctx.clock.now()), ...usage(instance, ctx.clock.now()) };
    },
    async getConsoleLog(ctx, reference, { tail_lines: tailLines }) {
      await site.read(ctx, 'getConsoleLog', reference);
      const { lines, isCut } = site.find(reference).console(tailLines);
      return { log: lines.map((line) => `${line}\n`).join(''), isCut };
    },
    async listImages(ctx) {
      await site.read(ctx, 'listImages');
      return [...site.images.values()].filter(({ isChanging }) => !isChanging).map(shownImage);
    },
    async getHostInfo(ctx) {
      await site.read(ctx, 'getHostInfo');
      const all = site.all();
      const now = ctx.clock.now();
      return {
        hypervisor: 'fake',
        status: 'up',
        nativeStatus: site.isInMaintenance ? 'maintenance' : 'up',
        instances: all.length,
        running: all.filter(({ state }) => state === 'running').length,
        vcpus: site.settings.vcpus,
        memoryMib: site.settings.memory_mib,
        uptimeS: Math.floor((now - site.openedAt) / 1000),
        cpuTraits: site.settings.cpu_traits,
        native: { enabled: site.isEnabled },
        observedAt: now,
      };
    },
    async testHost(ctx) {
      try {
        await site.read(ctx, 'testHost');
        return [{ name: 'memory', ok: true, detail: 'always there', remedy: null }];
      } catch (error) {
        ctx.signal.throwIfAborted();
        return [{ name: 'memory', ok: false, detail: messageOf(error), remedy: 'take the fault out of its settings' }];
      }
    },
    async preflight(ctx, { instance: reference }) {
      await site.read(ctx, 'preflight', reference);
      const of = reference === undefined ? [] : instanceRequirements(site, site.find(reference));
      return [...hostRequirements(site), ...of];
    },
  };
}
