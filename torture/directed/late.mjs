import { setTimeout as delay } from 'node:timers/promises';
import { RPC_QUEUE } from '../callers/plain-caller.mjs';
import { until } from '../until.mjs';

/**
 * 5.4: a worker whose step was written down, and which learns of it only when another has long carried the operation on,
 * does not send it any more, even though the partition is just as it saw it.
 */
export async function late(scene) {
  const { ledger, durable, simulator, workers } = scene;
  if (workers.length < 2) return;
  const [slow, other] = workers;
  const instance = scene.reserved('cpc1', 'stopped');
  const from = (worker, method) =>
    ledger.send(durable, { method, host: 'cpc1', instance, queue: `${RPC_QUEUE}.server.${worker.name}` });

  const since = simulator.wireLog.last;
  simulator.fault({ kind: 'slow', method: 'GET', partition: instance, when: 'before', delay_ms: 500, times: 1 });
  const on = await from(slow, 'compute.power_on');
  // It looks at the partition: the next thing is that it writes its step down.
  await until(() => simulator.wireLog.count({ since, method: 'GET', subject: instance }) > 0);
  slow.databaseLink.mute();
  try {
    if (!(await until(() => scene.startsOf(instance) > 0)))
      scene.observe('not-taken-over', `nobody took over the start of ${instance}`, on.toRequest());
    await until(() => simulator.partitions(instance)[0]?.status === 'active');
    await scene.settled(await from(other, 'compute.power_off'));
  } finally {
    slow.databaseLink.flow();
  }
  await delay(1500); // for what it may be about to send
  await scene.settled(on);
  await slow.ready();
}
