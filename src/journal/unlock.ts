import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { keyIdOf } from '../common/encryption-key.js';
import { ComputeError, type JsonValue } from '../common/errors/index.js';
import { guarded } from './guarded.js';
import type { JournalDatabase } from './schema.js';
import { SecretBox, fingerprintKeyOf, keyIdsIn, type Keys } from './secret-box.js';

/** The fact that holds something encrypted with each key in use, so that a key that is missing is found out at once. */
export const KEY_PROOF = 'key-proof';
const FINGERPRINT_KEY = 'fingerprint-key';

const PROOF = { key: 'zenova' };

/**
 * Makes the box for a journal's secrets, and leaves proof in the journal of the current key. Several processes may do so
 * at once.
 *
 * @throws ComputeError CONFIG_INVALID when a key is missing that secrets are encrypted with
 */
export function unlock(db: Kysely<JournalDatabase>, keys: Keys): Promise<SecretBox> {
  return guarded(async () => {
    const box = new SecretBox(keys.current, keys.previous);
    const first = await readProofs(db, box);
    const firstKey = first === undefined ? undefined : firstKeyOf(first, keys);
    const fingerprintKey = await keepFingerprintKey(db, box, firstKey);
    await addProof(db, box);
    return new SecretBox(keys.current, keys.previous, fingerprintKey);
  });
}

/**
 * Says whether secrets could be read with these keys; writes nothing.
 *
 * @throws ComputeError CONFIG_INVALID when a key is missing that secrets are encrypted with
 */
export async function checkKeys(db: Kysely<JournalDatabase>, { current, previous }: Keys): Promise<void> {
  await guarded(() => readProofs(db, new SecretBox(current, previous)));
}

/** Ids of the keys that secrets are encrypted with. */
export function usedKeys(db: Kysely<JournalDatabase>): Promise<string[]> {
  return guarded(async () => keyIdsIn((await readFact(db, KEY_PROOF)) ?? '[]'));
}

/**
 * Once nothing is encrypted with the box's earlier keys: leaves no proof of them. Those of keys that it does not have, and that
 * others use, stay.
 *
 * @param seen the proofs as they stood before everything was looked through
 * @returns false when a process has proved another key since
 */
export async function replaceProofs(db: Kysely<JournalDatabase>, box: SecretBox, seen: string): Promise<boolean> {
  const ids = keyIdsIn(seen);
  if (!ids.some((id) => id !== box.keyId && box.keyIds.includes(id))) return true;
  const others = proofList(seen).filter(
    (proof) => !keyIdsIn(JSON.stringify(proof)).some((id) => box.keyIds.includes(id)),
  );
  return swapFact(db, KEY_PROOF, seen, JSON.stringify([box.seal(PROOF), ...others]));
}

export async function readFact(db: Kysely<JournalDatabase>, name: string): Promise<string | undefined> {
  const row = await db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}

async function swapFact(db: Kysely<JournalDatabase>, name: string, from: string, to: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('facts')
    .set({ value: to })
    .where('name', '=', name)
    .where('value', '=', from)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Writes a fact unless it is there already, and answers what is there then. */
async function keepFact(db: Kysely<JournalDatabase>, name: string, value: string): Promise<string> {
  await db
    .insertInto('facts')
    .values({ name, value })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const kept = await readFact(db, name);
  if (kept === undefined) throw new ComputeError('JOURNAL_UNAVAILABLE', `the fact ${name} is gone from the journal`);
  return kept;
}

/** @throws ComputeError when one was made with a key that the box does not have */
async function readProofs(db: Kysely<JournalDatabase>, box: SecretBox): Promise<string | undefined> {
  const proofs = await readFact(db, KEY_PROOF);
  if (proofs !== undefined) box.unseal(JSON.parse(proofs) as JsonValue);
  return proofs;
}

async function addProof(db: Kysely<JournalDatabase>, box: SecretBox): Promise<void> {
  await keepFact(db, KEY_PROOF, JSON.stringify([box.seal(PROOF)]));
  for (;;) {
    const proofs = await readProofs(db, box);
    if (proofs === undefined || keyIdsIn(proofs).includes(box.keyId)) return;
    const all = [...proofList(proofs), box.seal(PROOF)];
    if (await swapFact(db, KEY_PROOF, proofs, JSON.stringify(all))) return;
  }
}

/** An older journal has one proof by itself, not in a list. */
function proofList(proofs: string): JsonValue[] {
  return [JSON.parse(proofs) as JsonValue].flat();
}

/**
 * Fingerprints have a key of their own, made once, so that a repeat is recognised whatever became of the key that was
 * current when the first request came. A journal from before it had one goes on with that of its first key.
 */
async function keepFingerprintKey(db: Kysely<JournalDatabase>, box: SecretBox, first: Buffer | undefined) {
  const made = first === undefined ? randomBytes(32) : fingerprintKeyOf(first);
  const kept = await keepFact(db, FINGERPRINT_KEY, JSON.stringify(box.seal({ key: made.toString('base64') })));
  const { key } = box.unseal(JSON.parse(kept) as JsonValue) as { key: string };
  return Buffer.from(key, 'base64');
}

function firstKeyOf(proofs: string, { current, previous }: Keys): Buffer | undefined {
  const [id] = keyIdsIn(proofs);
  return [current, ...previous].find((key) => keyIdOf(key) === id);
}
