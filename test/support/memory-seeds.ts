import type { TargetKey } from '../../src/common/ids.js';
import type { OperationContext, SeedContent, SeedOffer, Seeds } from '../../src/compute/contract/index.js';

/** Seeds that are remembered by whoever asks what was offered. */
export class MemorySeeds implements Seeds {
  readonly #offers = new Map<string, { instance: TargetKey; content: SeedContent; url: string }>();

  /** @param publicUrl without a slash at its end */
  constructor(private readonly publicUrl = 'http://192.0.2.10:8781') {}

  get urlLength(): number {
    return this.#urlOf(0).length;
  }

  get offered(): readonly { instance: TargetKey; content: SeedContent; url: string }[] {
    return [...this.#offers.values()];
  }

  async offer(
    { operationId }: Pick<OperationContext, 'operationId'>,
    instance: TargetKey,
    content: SeedContent,
  ): Promise<SeedOffer> {
    const offer = this.#offers.get(operationId) ?? { instance, content, url: this.#urlOf(this.#offers.size) };
    this.#offers.set(operationId, offer);
    return { url: offer.url, expiresAt: 0 };
  }

  async withdraw(instance: TargetKey): Promise<void> {
    for (const [operation, offer] of this.#offers) if (offer.instance === instance) this.#offers.delete(operation);
  }

  #urlOf(number: number): string {
    return `${this.publicUrl}/v1/seed/${String(number).padStart(32, '0')}/`;
  }
}
