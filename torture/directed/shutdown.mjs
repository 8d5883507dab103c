import { until } from '../until.mjs';

/** 5.8: what runs at a stop comes to its end and is answered, and nothing is left on the HMC. */
export async function shutdown(scene) {
  const { ledger, durable, simulator } = scene;
  simulator.dropSessions();
  const instance = scene.reserved('cpc2', 'active');
  const entry = await ledger.send(durable, { method: 'compute.reboot', host: 'cpc2', instance, isUndisturbed: true });
  await until(() => scene.stopsOf(instance) > 0);
  const held = simulator.sessionCount();
  const statuses = await scene.stopAll();
  if (statuses.some((status) => status !== 0))
    scene.observe('shutdown-failed', `workers ended with status ${statuses.join(', ')}`);
  if (!(await until(() => entry.isFinal, 2000)))
    scene.observe(
      'shutdown-cut',
      `a reboot of ${instance} that ran at the stop was not answered by its end`,
      entry.toRequest(),
    );
  if (simulator.sessionCount() > 0 || held === 0)
    scene.observe('session-left', `${simulator.sessionCount()} of ${held} sessions are left on the HMC after a stop`);
  await scene.startAll();
  await scene.settled(entry);
}
