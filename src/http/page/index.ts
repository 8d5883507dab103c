export { PAGE_FILES, PageController } from './page.controller.js';
export { readPageFiles } from './page-files.js';
export { PAGE_HEADERS } from './page-headers.js';
