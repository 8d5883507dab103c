export { statusText, type CatalogueEntry, type FeatureStatus } from './catalogue-entry.js';
export { COMPUTE_FEATURES, COMPUTE_FEATURE_IDS, type ComputeFeatureId } from './compute-catalogue.js';
export { claimNotes, complete, missing, partial, type FeatureClaim } from './declare.js';
export { POWER_FEATURES, POWER_FEATURE_IDS, type PowerFeatureId } from './power-catalogue.js';
