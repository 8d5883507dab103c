import { until } from '../until.mjs';

/** 5.1, 5.5: killed before a request is written down, and killed in the middle of a step. */
export async function killed(scene) {
  const { ledger, durable, simulator } = scene;

  // Nothing is written down yet while the HMC is asked which partition it is.
  const since = simulator.wireLog.last;
  const id = simulator.fault({ kind: 'slow', method: 'GET', when: 'before', delay_ms: 1200, times: 'always' });
  const early = [];
  for (let n = 0; n < 4; n++)
    early.push(
      await ledger.send(durable, {
        method: 'compute.power_on',
        host: 'cpc2',
        instance: scene.reserved('cpc2', 'stopped'),
      }),
    );
  await until(() => simulator.wireLog.count({ since, method: 'GET' }) > 0);
  await scene.killAll();
  simulator.faults.remove(id);
  await scene.startAll();
  await Promise.all(early.map((entry) => scene.settled(entry)));

  // In the middle of a start, and between the stop and the start of a reboot.
  const on = scene.reserved('cpc1', 'stopped');
  const again = scene.reserved('cpc1', 'active');
  const late = [
    await ledger.send(durable, { method: 'compute.power_on', host: 'cpc1', instance: on }),
    await ledger.send(durable, { method: 'compute.reboot', host: 'cpc1', instance: again }),
  ];
  await until(() => scene.startsOf(on) > 0 && scene.stopsOf(again) > 0);
  await scene.killAll();
  await scene.startAll();
  for (const entry of late) await scene.settled(entry);
}
