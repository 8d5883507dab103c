import { Metrics } from './metrics.js';

const HEAD = `# Metrics

<!-- Written by \`npm run docs:generate\`. -->

What \`GET /metrics\` tells, in the OpenMetrics text format. [observation.md](observation.md) says how to read it, and which alerts there are. Label values are
bounded by the configuration and the version: methods, error codes, drivers and power types, hosts. Durations are histograms in seconds (\`_bucket\`, \`_sum\`,
\`_count\`); those of requests and operations have exemplars with \`operation_id\` and \`trace_id\`.
`;

/** One metric by the name that queries use. */
export interface MetricFacts {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** What prom-client keeps of a metric; its own types leave it out. */
interface Kept {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Every metric that there is, also those that have no value yet. */
export function metricFacts(metrics = new Metrics()): MetricFacts[] {
  return (metrics.registry.getMetricsAsArray() as unknown as Kept[]).map(({ name, help, type, labelNames }) => ({
    // prom-client takes the ending off once it has been asked for OpenMetrics, and always tells it.
    name: type === 'counter' ? `${name.replace(/_total$/, '')}_total` : name,
    type,
    help,
    labels: labelNames,
  }));
}

/** The page of the documentation that lists them. */
export function metricsPage(): string {
  const facts = metricFacts();
  const own = facts.filter(({ name }) => name.startsWith('zenova_'));
  const others = facts.filter(({ name }) => !name.startsWith('zenova_'));
  const table = (rows: readonly MetricFacts[]): string =>
    [
      '| metric | type | labels | meaning |',
      '| --- | --- | --- | --- |',
      ...rows.map(
        ({ name, type, labels, help }) =>
          `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help.replace(/\.$/, '')} |`,
      ),
    ].join('\n');
  return `${HEAD}\n## Of the service\n\n${table(own)}\n\n## Of the process\n\n${table(others)}\n`;
}
