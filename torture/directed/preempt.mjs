import { until } from '../until.mjs';

/** 5.2: what preempts cancels what waits before it, and what runs; it begins when that has ended. */
export async function preempt(scene) {
  const { ledger, durable, simulator } = scene;
  const instance = scene.reserved('cpc1', 'active');
  const send = (method, options = {}) =>
    ledger.send(durable, { method, host: 'cpc1', instance, options, isUndisturbed: true });

  simulator.fault({ kind: 'slow', path: '*/operations/stop', partition: instance, when: 'after', delay_ms: 1000 });
  const runs = await send('compute.reboot');
  await until(() => scene.stopsOf(instance) > 0);
  const waits = [];
  for (const method of ['compute.power_on', 'power.cycle']) {
    const entry = await send(method, { wait: 'accepted' });
    await scene.answered(entry);
    waits.push(entry);
  }
  const off = await send('power.off', { preempt: true });
  await Promise.all([runs, off].map((entry) => scene.settled(entry)));
}
