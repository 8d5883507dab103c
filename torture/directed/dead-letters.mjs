import { RPC_QUEUE } from '../callers/plain-caller.mjs';
import { until } from '../until.mjs';

const DEAD_QUEUE = 'zenova.rpc.dead';
const POLICY = 'no-dead-letters';
const count = 8;

/** 5.1: what cannot be understood stays with the broker until it is a dead letter, also when it cannot become one at once. */
export async function deadLetters(scene) {
  const { durable, stage } = scene;
  const { broker } = stage;
  await broker.ctl(
    'set_policy',
    POLICY,
    `^${DEAD_QUEUE.replaceAll('.', '\\.')}$`,
    JSON.stringify({ 'max-length': 1, overflow: 'reject-publish' }),
  );
  for (let n = 0; n < count; n++) await durable.sendText(`not JSON ${n}`);
  await until(async () => (await durable.countReady(RPC_QUEUE)) === 0);
  await scene.killAll();
  await broker.ctl('clear_policy', POLICY);
  await scene.startAll();
  if (!(await until(async () => (await durable.countReady(DEAD_QUEUE)) >= count)))
    scene.observe(
      'dead-letter-lost',
      `the broker confirmed ${count} messages that nobody can understand; ${await durable.countReady(DEAD_QUEUE)} became dead letters`,
    );
  await durable.purge(DEAD_QUEUE);
}
