export { convertDisk } from './convert-disk.js';
export { inspectDiskImage, type DiskFormat, type DiskImage } from './disk-image.js';
export { parseImageAddress } from './image-address.js';
export { ImageFetcher, type ImageFetcherOptions } from './image-fetcher.js';
export { bootableIso } from './iso.js';
export type { BootableIso, IsoAdditions, SeedMedium } from './iso-content.js';
export { readSeedFile, seedIso } from './seed-iso.js';
