import { systemClock } from '../../src/common/clock.js';
import { silentLog } from '../../src/common/log.js';
import type {
  AskedChange,
  ChangeOperation,
  ChangeOperationName,
  ChangeResult,
  Reconciliation,
  StatelessResult,
  Target,
  VirtHost,
} from '../../src/compute/contract/index.js';
import { FakeEstate, createFakeDriver } from '../../src/drivers/fake/index.js';
import { MemoryBreakers } from './memory-breakers.js';
import { RecordingContext } from './operation-context.js';

type Result = ChangeResult | StatelessResult;

/** A fake host with the instances `guest`, which runs, and `other`, and without a service in front of it. */
export class FakeBench {
  readonly estate = new FakeEstate();
  readonly host: VirtHost;

  constructor(settings: object = {}) {
    const ports = { clock: systemClock, log: silentLog, breakers: new MemoryBreakers() };
    const its = { instances: 0, names: ['guest', 'other'], initial_state: 'running', ...settings };
    this.host = createFakeDriver(this.estate).open('site', its, ports);
  }

  get site() {
    const site = this.estate.find('site');
    if (site === undefined) throw new Error('the host is not there');
    return site;
  }

  /** Carries a change out, as the dispatcher would once it is written down. */
  async run(
    operation: ChangeOperationName,
    params: object = {},
    { of = 'guest', ctx = new RecordingContext(systemClock) } = {},
  ): Promise<Result> {
    const run = this.host.operations[operation] as ChangeOperation<object, Result> | undefined;
    if (run === undefined) throw new Error(`there is no ${operation}`);
    return run(ctx, await this.target(operation, of), params);
  }

  async reconcile(
    operation: ChangeOperationName,
    params: object,
    { of = 'guest', ctx }: { of?: string; ctx: RecordingContext },
  ): Promise<Reconciliation> {
    const target = await this.target(operation, of);
    return this.host.reconcile(ctx, { operation, params } as AskedChange, target);
  }

  async plan(operation: ChangeOperationName, params: object = {}, of = 'guest'): Promise<string[]> {
    const target = await this.target(operation, of);
    const steps = await this.host.plan(this.ctx(), { operation, params } as AskedChange, target);
    return steps.map(({ action }) => action);
  }

  /** What the host tells of an instance in its own words. */
  async facts(of = 'guest'): Promise<Record<string, unknown>> {
    const info = await this.host.operations.getInfo?.(this.ctx(), of);
    return info?.native ?? {};
  }

  async log(of = 'guest'): Promise<string> {
    return (await this.host.operations.getConsoleLog?.(this.ctx(), of, {}))?.log ?? '';
  }

  ctx(): RecordingContext {
    return new RecordingContext(systemClock);
  }

  /** What is not there yet, or is no instance, is named by its name. */
  private async target(operation: ChangeOperationName, reference: string): Promise<Target> {
    const isNamed = operation === 'spawn' || operation.endsWith('Image');
    if (!isNamed) return this.host.resolve(this.ctx(), reference);
    return { key: this.host.provisionalKey(reference), id: reference, name: reference };
  }
}
