import type { TargetKey } from '../../common/ids.js';

/** What an operation acts on, found on the backend. */
export interface Target {
  /** Equal for every way to name the same thing. */
  readonly key: TargetKey;
  /** The backend's id. */
  readonly id: string;
  /** The backend's name of it now. */
  readonly name: string;
  /** What else the operation acts on; it runs only while it has all of it. */
  readonly also?: readonly TargetKey[];
  /** How the instance came into our hands; for operations that are only for those that did (`destroy`, `release`). */
  readonly origin?: InstanceOrigin;
}

/** Made by us, or by others and taken over. */
export const INSTANCE_ORIGINS = ['spawned', 'adopted'] as const;
export type InstanceOrigin = (typeof INSTANCE_ORIGINS)[number];
