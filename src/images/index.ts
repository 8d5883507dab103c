export { parseImageAddress } from './image-address.js';
export { ImageFetcher, type ImageFetcherOptions } from './image-fetcher.js';
export { bootableIso } from './iso.js';
export type { BootableIso, IsoAdditions, SeedMedium } from './iso-content.js';
