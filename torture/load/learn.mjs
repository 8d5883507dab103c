// After the storm: every caller that missed its reply asks after its outcome, and repeats its request when there is none.
import { setTimeout as delay } from 'node:timers/promises';

const patienceMs = 60_000;
const resendPatienceMs = 10_000;
const atOnce = 16;

/**
 * @param {{ asker: import('../callers/plain-caller.mjs').PlainCaller }} scene
 * @param {import('./ledger.mjs').Ledger} ledger
 * @returns {Promise<number>} how many had to ask
 */
export async function learn({ asker }, ledger) {
  const open = ledger.entries.filter((entry) => !entry.isFinal && !entry.isMisuse);
  const left = [...open];
  const endsAt = Date.now() + patienceMs;
  const one = async () => {
    for (let entry = left.pop(); entry !== undefined; entry = left.pop()) {
      while (entry.learnt === null && !entry.isFinal && Date.now() < endsAt) entry.learnt = await ask(asker, entry);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return open.length;
}

async function ask(asker, entry) {
  const answer = await asker.ask('operation.get', { idempotency_key: entry.key });
  const { result: view, error } = answer ?? {};
  if (view !== undefined && view.finished_at !== null)
    return { at: Date.now(), ...(view.error === null ? { result: view.result } : { error: view.error }) };
  // It never arrived, or it was refused and the refusal was lost: a repeat tells. A confirmed one is missed by the checker.
  if (
    error?.code === 'RESOURCE_NOT_FOUND' &&
    (entry.couldMissReply || !entry.isConfirmed || entry.replies.length > 0)
  ) {
    await entry.send();
    await Promise.race([entry.answered, delay(resendPatienceMs, undefined, { ref: false })]);
    return null;
  }
  await delay(100);
  return error?.code === 'RESOURCE_NOT_FOUND' ? { at: Date.now() } : null;
}
