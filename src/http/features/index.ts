export { FeaturesController } from './features.controller.js';
