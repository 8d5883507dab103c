import { RPC_QUEUE } from '../callers/plain-caller.mjs';
import { busyGuests } from '../load/sites.mjs';
import { until } from '../until.mjs';

const [here, there] = ['site-a', 'site-b'];
/** How far a busy guest comes by itself. */
const waitsAtPercent = 75;

/**
 * Migrations that must be forced to their end, or ended, by controls that come twice; hosts that are emptied, one of them by
 * a worker that is killed meanwhile. All of it begins at one worker, since the hosts are in its memory.
 */
export async function parents(scene) {
  const { ledger, durable, asker, workers } = scene;
  const queue = `${RPC_QUEUE}.server.${workers[0].name}`;
  const send = (method, host, instance, options, isUndisturbed = true) =>
    ledger.send(durable, { method, host, instance, options, queue, key: ledger.newKey(), isUndisturbed });
  const ask = (method, data) => asker.ask(method, data, { queue });

  const controls = { force_complete: 'done', abort: 'OPERATION_CANCELLED' };
  for (const [i, [control, expected]] of Object.entries(controls).entries()) {
    const instance = busyGuests[i];
    const entry = await send('compute.live_migrate', here, instance, { destination: there });
    await until(async () => {
      const { result } = (await ask('operation.get', { idempotency_key: entry.key })) ?? {};
      return result?.progress?.percent >= waitsAtPercent;
    });
    const method = `compute.live_migration_${control}`;
    await Promise.all([1, 2].map(() => ask(method, { host: here, instance })));
    const { result, error } = (await scene.settled(entry)) ?? {};
    if ((result?.outcome ?? error?.code) !== expected)
      scene.observe('control-ignored', `${control} of the migration of ${instance} did not end it so`, result ?? error);
  }

  await scene.settled(await send('compute.evacuate', there, undefined, { destination: here }));
  const begin = await send('host.set_maintenance', here, undefined, { enabled: true }, false);
  await until(async () => {
    const { result } = (await ask('operation.list', { method: 'compute.power_off', host: here, limit: 1 })) ?? {};
    return result?.operations.length > 0;
  });
  await scene.killAll();
  await scene.startAll();
  await scene.settled(begin);
  await scene.settled(await send('compute.power_on', here, busyGuests[0], {}));
  await scene.settled(await send('host.set_maintenance', here, undefined, { enabled: false }));
}
