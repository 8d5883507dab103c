import { limits } from '../stage/stage.mjs';
import { instanceName } from '../load/draw.mjs';

const onOneTarget = 30;
/** More than may be unfinished at all, even if some have ended meanwhile. */
const onMany = (workers) => 2 * (limits.maxAccepted + limits.prefetch * workers.length);

/** 5.7: beyond its limits the service takes nothing more, or refuses it. The checker counts what was unfinished at once. */
export async function backPressure(scene) {
  const { ledger, durable } = scene;
  const send = (number) =>
    ledger.send(durable, {
      method: 'compute.reboot',
      host: 'slow',
      instance: instanceName('slow', number),
      options: { wait: 'accepted' },
    });
  const same = await Promise.all(Array.from({ length: onOneTarget }, () => send(1000)));
  const answers = await Promise.all(same.map((entry) => scene.answered(entry)));
  if (!answers.some((answer) => answer?.error?.code === 'BACKEND_BUSY'))
    scene.observe('too-many-accepted', `none of ${onOneTarget} operations on one target was refused`);
  const many = await Promise.all(Array.from({ length: onMany(scene.workers) }, (_, i) => send(i + 1)));
  await Promise.all(many.map((entry) => scene.answered(entry)));
}
