export { HttpModule, type HttpParts } from './http.module.js';
