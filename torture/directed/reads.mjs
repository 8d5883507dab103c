import { setTimeout as delay } from 'node:timers/promises';
import { RPC_QUEUE } from '../callers/plain-caller.mjs';
import { until } from '../until.mjs';

/** 5.9: reads wait for no operation, and equal ones in flight share one request to the backend. */
export async function reads(scene) {
  const { ledger, durable, asker, simulator, workers } = scene;
  const instance = scene.reserved('cpc2', 'stopped');
  const query = (queue) => asker.ask('power.query', { host: 'cpc2', instance }, queue === undefined ? {} : { queue });
  const one = `${RPC_QUEUE}.server.${workers[0].name}`;
  await query(one);

  simulator.fault({
    kind: 'slow',
    method: 'POST',
    path: '*/operations/start',
    partition: instance,
    when: 'after',
    delay_ms: 1000,
  });
  const entry = await ledger.send(durable, { method: 'compute.power_on', host: 'cpc2', instance, isUndisturbed: true });
  await until(() => scene.startsOf(instance) > 0);
  const read = await query();
  if (entry.isFinal || read?.result === undefined)
    scene.observe(
      'read-waited',
      `power.query of ${instance} was not answered while an operation ran on it`,
      read ?? 'no answer',
      entry.replies,
    );
  await scene.settled(entry);

  simulator.fault({ kind: 'slow', method: 'GET', when: 'before', delay_ms: 500, times: 'always' });
  const since = simulator.wireLog.last;
  const answers = await Promise.all(Array.from({ length: 12 }, () => query(one)));
  await delay(50);
  simulator.faults.clear();
  const asked = simulator.wireLog.entries({ since, method: 'GET' }).filter(({ path }) => path.startsWith('/api/'));
  if (answers.some((answer) => answer?.result === undefined))
    scene.observe('read-waited', 'a read was not answered', answers);
  if (asked.length > answers.length / 2)
    scene.observe(
      'reads-not-shared',
      `${answers.length} equal reads in flight made ${asked.length} requests to the HMC`,
      ...asked.slice(0, 4),
    );
}
