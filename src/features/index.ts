export {
  groupOf,
  statusText,
  usesOf,
  type CatalogueEntry,
  type FeatureStatus,
  type FieldUse,
} from './catalogue-entry.js';
export { COMPUTE_FEATURES, COMPUTE_FEATURE_IDS, type ComputeFeatureId } from './compute-catalogue.js';
export { claimNotes, complete, missing, partial, type FeatureClaim } from './declare.js';
export { evaluate, isSatisfied, type Evaluation } from './evaluate.js';
export { EvidenceSchema, type Evidence, type EvidenceByDriver, type Grade, type Scenario } from './evidence.js';
export { featuresUsed } from './features-used.js';
export { NOVA_FEATURES } from './nova-catalogue.js';
export { POWER_FEATURES, POWER_FEATURE_IDS, type PowerFeatureId } from './power-catalogue.js';
export { cellOf, provenLevel, reaches, type Cell, type FeatureLevel } from './proven.js';
export { VIRT_FEATURES, VIRT_FEATURE_IDS, type VirtFeatureId } from './virt-catalogue.js';
export { ZVM_REFERENCE } from './zvm-reference.js';
