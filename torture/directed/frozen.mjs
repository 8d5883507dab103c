import { setTimeout as delay } from 'node:timers/promises';
import { RPC_QUEUE } from '../callers/plain-caller.mjs';
import { until } from '../until.mjs';

/**
 * 5.4: a worker that sleeps for longer than its lease loses its operation to another, and sends nothing when it wakes,
 * even though the partition is just as it left it.
 */
export async function frozen(scene) {
  const { ledger, durable, workers } = scene;
  if (workers.length < 2) return;
  const instance = scene.reserved('cpc1', 'active');
  const [sleeper, other] = workers;
  const reboot = await ledger.send(durable, {
    method: 'compute.reboot',
    host: 'cpc1',
    instance,
    queue: `${RPC_QUEUE}.server.${sleeper.name}`,
  });
  await until(() => scene.stopsOf(instance) > 0);
  sleeper.freeze();
  try {
    const taken = await until(() => scene.startsOf(instance) > 0);
    if (!taken) scene.observe('not-taken-over', `nobody took over the reboot of ${instance}`, reboot.toRequest());
    const off = await ledger.send(durable, {
      method: 'compute.power_off',
      host: 'cpc1',
      instance,
      queue: `${RPC_QUEUE}.server.${other.name}`, // what the sleeper has been given stays with it for a while
    });
    await scene.settled(off);
  } finally {
    sleeper.thaw();
  }
  await delay(1500); // for what it may be about to send
  await scene.settled(reboot);
  await sleeper.ready();
}
