export { driverPage } from './html/driver-page.js';
export { matrixPage } from './html/matrix-page.js';
export { troublePage, type Trouble } from './html/trouble-page.js';
export { driverMarkdown } from './markdown/driver-markdown.js';
export { matrixMarkdown } from './markdown/matrix-markdown.js';
export {
  byKind,
  groupsOf,
  type Driver,
  type Feature,
  type Matrix,
  type MatrixCell,
  type MatrixDriver,
} from './matrix-parts.js';
export { proofOf, shortcomingsOf, shownLevel, statusWord } from './words.js';
