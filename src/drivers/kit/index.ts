export type { Backend, BackendFailure } from './backend.js';
export { Change } from './change.js';
export { lastStepOf, noteAnswered, notedAs, nounAnswered, writesAnswered, type LastStep } from './checkpoints.js';
export { pacingFields, pacingOf, type Pacing } from './pacing.js';
export { lookAfter, outlast, reconcileSequence } from './reconcile.js';
export { judged, met, notMet, cannotTell, type Judgement } from './requirement.js';
export { sendOnce, untold, type BlindWrite } from './send-once.js';
export { makeSo, settle, type Settled, type SoWrite, type Write } from './settle.js';
export { isOfBackend, noteUndoing, undoingOf, undone, type Undoing } from './undoing.js';
