import { randomBytes } from 'node:crypto';
import type { TargetKey } from '../common/ids.js';
import {
  SEED_PATH,
  type OperationContext,
  type SeedContent,
  type SeedOffer,
  type Seeds,
} from '../compute/contract/index.js';

/** 128 bits. In small letters and digits alone, so that whoever changes the case of an address does not change it. */
const TOKEN_BYTES = 16;

/** Where seeds are written down. */
interface Shelf {
  keep(
    seed: { readonly instance: TargetKey; readonly content: SeedContent; readonly token: string },
    lease: Pick<OperationContext, 'operationId' | 'fence'>,
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  withdraw(instance: TargetKey): Promise<void>;
}

/** Seeds at an address by which guests reach a listener of ours. */
export class SeedOffers implements Seeds {
  readonly #shelf: Shelf;
  readonly #publicUrl: string;

  /** @param publicUrl without a slash at its end */
  constructor(shelf: Shelf, publicUrl: string) {
    this.#shelf = shelf;
    this.#publicUrl = publicUrl;
  }

  get urlLength(): number {
    return this.#urlOf('').length + 2 * TOKEN_BYTES;
  }

  async offer(
    { operationId, fence }: Pick<OperationContext, 'operationId' | 'fence'>,
    instance: TargetKey,
    content: SeedContent,
  ): Promise<SeedOffer> {
    const made = randomBytes(TOKEN_BYTES).toString('hex');
    const { token, expiresAt } = await this.#shelf.keep({ instance, content, token: made }, { operationId, fence });
    return { url: this.#urlOf(token), expiresAt };
  }

  withdraw(instance: TargetKey): Promise<void> {
    return this.#shelf.withdraw(instance);
  }

  #urlOf(token: string): string {
    return `${this.#publicUrl}${SEED_PATH}${token}/`;
  }
}
