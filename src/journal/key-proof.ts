import type { Kysely } from 'kysely';
import { guarded } from './guarded.js';
import { parse } from './operation-rows.js';
import type { JournalDatabase } from './schema.js';
import type { SecretBox } from './secret-box.js';

const KEY_PROOF = 'key-proof';
const KEY_PROOF_TEXT = 'zenova';

/**
 * Makes sure that what this database holds was encrypted with our key.
 *
 * @throws ComputeError CONFIG_INVALID when it was another
 */
export async function provenKey(db: Kysely<JournalDatabase>, box: SecretBox): Promise<void> {
  await guarded(async () => {
    const value = JSON.stringify(box.seal({ key: KEY_PROOF_TEXT }));
    // Of several workers that start on an empty database, one leaves its proof, which all have to pass.
    await db
      .insertInto('facts')
      .values({ name: KEY_PROOF, value })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const proof = await db.selectFrom('facts').select('value').where('name', '=', KEY_PROOF).executeTakeFirstOrThrow();
    box.unseal(parse(proof.value));
  });
}
