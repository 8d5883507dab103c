/** An outcome stays at least so long, whoever asks for its removal: until then a repeat of its request may come. */
export const MIN_KEEP = '24h';
export const MIN_KEEP_MS = 24 * 3_600_000;
