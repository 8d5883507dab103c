import { RPC_QUEUE } from '../callers/plain-caller.mjs';
import { until } from '../until.mjs';

/**
 * 5.4: a worker that fails, cannot say so, and is taken over, does not end what its successor has in hand: its outcome reaches
 * the database in the middle of the successor's step.
 */
export async function overtaken(scene) {
  const { ledger, durable, simulator, workers } = scene;
  if (workers.length < 2) return;
  const [former, ...others] = workers;
  const instance = scene.reserved('cpc2', 'stopped');
  const queue = `${RPC_QUEUE}.server.${former.name}`;

  const since = simulator.wireLog.last;
  simulator.fault({ kind: 'slow', method: 'GET', partition: instance, when: 'before', delay_ms: 500, times: 1 });
  const on = await ledger.send(durable, {
    method: 'compute.power_on',
    host: 'cpc2',
    instance,
    queue,
  });
  // It has its turn, and looks at the partition.
  await until(() => simulator.wireLog.count({ since, method: 'GET', subject: instance }) > 0);
  former.databaseLink.stall();
  former.hmcLink.down();
  try {
    if (!(await until(() => scene.startsOf(instance) > 0)))
      scene.observe('not-taken-over', `nobody took over the start of ${instance}`, on.toRequest());
    for (const worker of others) worker.freeze();
    former.databaseLink.flow();
    // What it has to say is written by now, or refused.
    await until(async () => {
      const { result } = (await scene.asker.ask('operation.get', { message_id: on.messageId }, { queue })) ?? {};
      return result?.finished_at;
    }, 1500);
  } finally {
    former.databaseLink.flow();
    former.hmcLink.flow();
    for (const worker of others) worker.thaw();
  }
  await scene.settled(on);
  await Promise.all(workers.map((worker) => worker.ready()));
}
