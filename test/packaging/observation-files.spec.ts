import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import { parse } from 'yaml';
import { z } from 'zod';
import { ERROR_CODE_NAMES } from '../../src/common/errors/index.js';
import { silentLog } from '../../src/common/log.js';
import { SqlJournal } from '../../src/journal/sql-journal.js';
import { Observation, metricFacts, metricsPage } from '../../src/observation/index.js';
import { TransportCounts } from '../../src/transport/transport-counts.js';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

const facts = new Map(metricFacts().map((fact) => [fact.name, fact]));
/** Every name that a query may use. */
const series = new Map(
  [...facts.values()].flatMap((fact) =>
    (fact.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((end) => [`${fact.name}${end}`, fact]),
  ),
);
/** Labels that a scrape or a histogram adds. */
const ADDED = ['instance', 'job', 'le'];

const AlertsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Zenova[A-Za-z]+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+m$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const alerts = AlertsSchema.parse(parse(read('packaging/prometheus/alerts.yaml'))).groups.flatMap(({ rules }) => rules);

const GridSchema = z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() });
const DashboardSchema = z.object({
  uid: z.literal('zenova'),
  title: z.string(),
  schemaVersion: z.int(),
  templating: z.object({
    list: z.array(
      z.object({ name: z.string(), query: z.union([z.string(), z.object({ query: z.string() })]).optional() }),
    ),
  }),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      type: z.enum(['stat', 'timeseries']),
      gridPos: GridSchema,
      targets: z.array(z.object({ refId: z.string(), expr: z.string(), legendFormat: z.string() })).min(1),
    }),
  ),
});
const dashboard = DashboardSchema.parse(JSON.parse(read('packaging/grafana/dashboard.json')));

const queries: [string, string][] = [
  ...alerts.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }): [string, string] => [title, expr])),
];

/** The labels that the first grouping of a query keeps. */
function groupedBy(expr: string): string[] | undefined {
  return /\bby \(([^)]*)\)/
    .exec(expr)?.[1]
    ?.split(',')
    .map((label) => label.trim());
}

/** Lines of `/metrics` of a service to which nothing has happened yet. */
async function freshMetrics(): Promise<string[]> {
  const nowhere = { server: 's', version: '0', hosts: new Map(), powerTypes: [], tracing: undefined };
  const observation = await Observation.start(nowhere, silentLog);
  const status = { isConnected: true, isPaused: false, isBlocked: false, queues: [] };
  const transport = { status: () => status, counts: new TransportCounts(), droppedEvents: () => 0 };
  return (await observation.scrape({ transport, started: () => undefined }).text()).split('\n');
}

describe('what is shipped for Prometheus and Grafana', () => {
  it.each(queries)('%s asks for what /metrics tells: %s', (_, expr) => {
    const names = expr.match(/\b(zenova|nodejs|process)_[a-z0-9_]+/g) ?? [];
    for (const name of names) expect([...series.keys()]).toContain(name);
    const own = expr === 'up{job="zenova"} == 0';
    expect(names.length > 0 || own).toBe(true);
    const labels = names.flatMap((name) => series.get(name)?.labels ?? []);
    const used = [
      ...[...expr.matchAll(/[{,]([a-z_]+)(?:=|!=|=~|!~)"/g)].map(([, label = '']) => label),
      ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',')),
    ].map((label) => label.trim());
    for (const label of used) expect([...labels, ...ADDED]).toContain(label);
  });

  it.each(queries)('%s asks for values that there are: %s', (_, expr) => {
    const known: Record<string, readonly string[]> = {
      code: [...ERROR_CODE_NAMES, 'ok'],
      call: Object.getOwnPropertyNames(SqlJournal.prototype),
    };
    for (const [, label = '', texts = ''] of expr.matchAll(/[{,](code|call)(?:=|!=|=~|!~)"([^"]*)"/g)) {
      for (const text of texts.split('|')) expect(known[label]).toContain(text);
    }
  });

  it('legends and variables of the dashboard ask for what there is', () => {
    for (const { expr, legendFormat } of dashboard.panels.flatMap(({ targets }) => targets)) {
      const named = [...legendFormat.matchAll(/\{\{([^}]*)\}\}/g)].map(([, label = '']) => label.trim());
      for (const label of named) expect(groupedBy(expr) ?? ['instance']).toContain(label);
    }
    const asked = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'object' ? [query.query] : []));
    expect(asked).toHaveLength(1);
    for (const query of asked) {
      const [, name = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
      expect([...(series.get(name)?.labels ?? []), ...ADDED]).toContain(label);
    }
  });

  it('alerts that wait for an increase see the first one too', async () => {
    const fresh = await freshMetrics();
    const increases = alerts.flatMap(({ expr }) =>
      [...expr.matchAll(/increase\(((\w+)(?:\{([^}]*)\})?)\[(\w+)\]\)/g)].map(
        ([, selector = '', name = '', labels = '', range = '']) => ({ expr, selector, name, labels, range }),
      ),
    );
    expect(increases.length).toBeGreaterThan(3);
    for (const { expr, selector, name, labels, range } of increases) {
      const isThere = fresh.some((line) => line.startsWith(name) && line.includes(labels));
      // A series that appears with its first event has not increased by it.
      if (!isThere) expect(expr).toContain(`(${selector} unless ${selector} offset ${range})`);
    }
  });

  it('an alert has a text in the documentation, and every such text an alert', () => {
    const headings = [...read('docs/observation.md').matchAll(/^### (.*)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/observation.md#${alert.toLowerCase()}`);
    }
  });

  it('labels in texts come out of their query', () => {
    for (const { expr, annotations } of alerts) {
      const named = [...annotations.summary.matchAll(/\$labels\.([a-z_]+)/g)].map(([, label = '']) => label);
      for (const label of named) expect(groupedBy(expr) ?? ['instance']).toContain(label);
    }
  });

  it('panels have ids of their own and do not lie on each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)}/${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
    const variables = dashboard.templating.list.map(({ name }) => name);
    const text = JSON.stringify(panels).replaceAll('$__rate_interval', '');
    for (const [, name] of text.matchAll(/\$\{?([a-z_]+)/g)) expect(variables).toContain(name);
  });
});

describe('docs/metrics.md', () => {
  it('is what the metrics say of themselves (npm run docs:generate)', async () => {
    const page = await format(metricsPage(), { parser: 'markdown', printWidth: 120 });
    expect(read('docs/metrics.md')).toBe(page);
  });

  it('names no label that could hold anything', () => {
    const known = [
      'method',
      'code',
      'driver',
      'host',
      'outcome',
      'step',
      'call',
      'reason',
      'version',
      'node',
      'server',
    ];
    const own = [...facts.values()].filter(({ name }) => name.startsWith('zenova_'));
    expect(new Set(own.flatMap(({ labels }) => labels))).toEqual(new Set(known));
  });
});
