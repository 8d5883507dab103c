import { setTimeout as delay } from 'node:timers/promises';

const deadlineMs = 300;

/** 5.3: what came too late is not carried out, whether it waited at the broker or behind another operation. */
export async function stale(scene) {
  const { ledger, durable, simulator } = scene;
  await scene.stopAll();
  const waited = await ledger.send(durable, {
    method: 'compute.power_on',
    host: 'cpc1',
    instance: scene.reserved('cpc1', 'stopped'),
    options: { deadline_ms: deadlineMs, requested_at: new Date().toISOString() },
  });
  await delay(deadlineMs * 2);
  await scene.startAll();
  await refused(scene, waited);

  const instance = scene.reserved('cpc1', 'active');
  simulator.fault({ kind: 'slow', path: '*/operations/stop', partition: instance, when: 'after', delay_ms: 1000 });
  const first = await ledger.send(durable, { method: 'compute.reboot', host: 'cpc1', instance });
  await first.caller.ask('features.catalogue', {}); // so that both do not arrive at once
  const behind = await ledger.send(durable, {
    method: 'compute.power_off',
    host: 'cpc1',
    instance,
    options: { not_after: new Date(Date.now() + 120).toISOString() },
  });
  await scene.settled(first);
  await scene.settled(behind);
}

async function refused(scene, entry) {
  const reply = await scene.settled(entry);
  if (reply !== undefined && reply.error?.code !== 'DEADLINE_EXCEEDED')
    scene.observe(
      'stale-command',
      `a request that had been too late for ${deadlineMs} ms was carried out`,
      entry.toRequest(),
    );
}
