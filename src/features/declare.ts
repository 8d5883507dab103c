/** A driver's claim for one feature. There is no "unknown": a new feature stops every driver until it answers. */
export type FeatureClaim =
  | { readonly level: 'complete' }
  | { readonly level: 'partial'; readonly limits: string }
  | { readonly level: 'missing'; readonly reason: string };

export const complete = { level: 'complete' } as const;

/** Works within limits, which readers of the matrix see. */
export function partial(limits: string): { readonly level: 'partial'; readonly limits: string } {
  return { level: 'partial', limits };
}

/** Refused before any traffic, for this reason. */
export function missing(reason: string): { readonly level: 'missing'; readonly reason: string } {
  return { level: 'missing', reason };
}

/** Limits of a partial claim, reason of a missing one. */
export function claimNotes(claim: FeatureClaim): string | null {
  switch (claim.level) {
    case 'complete':
      return null;
    case 'partial':
      return claim.limits;
    case 'missing':
      return claim.reason;
  }
}
