export { asyncApi } from './asyncapi.js';
export { DocumentsModule } from './documents.module.js';
export { openApi } from './openapi.js';
