import { COMPUTE_FEATURES } from './compute-catalogue.js';
import { NOVA_FEATURES } from './nova-catalogue.js';

/** What every virt driver answers for: the features of the z/VM matrix, and those that Nova has today besides. */
export const VIRT_FEATURES = { ...COMPUTE_FEATURES, ...NOVA_FEATURES } as const;

export type VirtFeatureId = keyof typeof VIRT_FEATURES;
export const VIRT_FEATURE_IDS = Object.keys(VIRT_FEATURES) as VirtFeatureId[];
