export { metricFacts, metricsPage, type MetricFacts } from './metrics-page.js';
export { Observation, type ObservationOptions } from './observation.js';
export type { Scrape, StartedService } from './scrape.js';
