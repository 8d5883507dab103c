import { POISON_REASONS, type PoisonReason } from './codec.port.js';

/** What became of a reply: `gone` says that its queue is, or may yet come back. */
export type ReplyEnd = 'confirmed' | 'gone' | 'unconfirmed';

/** What the transport has done since its start, counted where it is done and read by whoever wants to know. */
export class TransportCounts {
  readonly replies: Record<ReplyEnd, number> = { confirmed: 0, gone: 0, unconfirmed: 0 };
  readonly deadLetters = Object.fromEntries(POISON_REASONS.map((reason) => [reason, 0])) as Record<
    PoisonReason,
    number
  >;
  /** Messages that the broker has delivered before. */
  redelivered = 0;
}
