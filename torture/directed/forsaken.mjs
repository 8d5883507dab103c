import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../stage/stage.mjs';
import { until } from '../until.mjs';

/** 5.3: what was accepted and not begun, and then lay for too long while nobody was there, is not begun any more. */
export async function forsaken(scene) {
  const { ledger, durable } = scene;
  const instance = scene.reserved('cpc2', 'active');
  const send = (method, options) => ledger.send(durable, { method, host: 'cpc2', instance, options });
  const begun = await send('compute.reboot', {});
  await until(() => scene.stopsOf(instance) > 0);
  const waits = await send('compute.power_off', { wait: 'accepted' });
  await scene.answered(waits);
  await scene.killAll();
  await delay(limits.startWithinMs);
  await scene.startAll();
  await scene.settled(begun);
  await scene.rest(30_000);
  const { result } = (await scene.asker.ask('operation.get', { message_id: waits.messageId })) ?? {};
  if (result !== undefined && result.error?.code !== 'DEADLINE_EXCEEDED')
    scene.observe(
      'stale-command',
      `a power-off of ${instance} that had waited for ${limits.startWithinMs} ms with nobody there was begun`,
      result,
    );
}
