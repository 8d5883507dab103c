import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kit/clock.js';
import type { Estate } from '../estate.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { Session } from '../sessions.js';
import { METRIC_GROUPS, type MetricGroup } from './metric-groups.js';

const MOST_OF_A_SESSION = 100;

interface MetricsContext {
  readonly session: Session;
  readonly groups: readonly MetricGroup[];
}

/** Selections of metrics, each of one session, which it does not outlive (hmc-dpm.md section 16). */
export class MetricsContexts {
  readonly #contexts = new Map<string, MetricsContext>();

  constructor(
    private readonly clock: Clock,
    private readonly estate: Estate,
  ) {}

  /** Of these groups, or of all. Throws 400,7 for one that is unknown. */
  create(session: Session, names: readonly string[] | null): { uri: string; groups: readonly MetricGroup[] } {
    const unknown = names?.find((name) => !METRIC_GROUPS.some((group) => group.name === name));
    if (unknown !== undefined) throw refuse.badValue('metric-groups', `there is no group ${unknown.slice(0, 100)}`);
    const own = [...this.#contexts.values()].filter((context) => context.session === session);
    if (own.length >= MOST_OF_A_SESSION) throw new HmcError(409, 1, 'The session has too many metrics contexts');
    const uri = `/api/services/metrics/context/${randomUUID()}`;
    const groups = METRIC_GROUPS.filter(({ name }) => names === null || names.includes(name));
    this.#contexts.set(uri, { session, groups });
    return { uri, groups };
  }

  /** The figures of now that the user may see, as text. Throws 404,1 for a context of another session. */
  read(uri: string, session: Session): string {
    const { groups } = this.#own(uri, session);
    const now = this.clock.now();
    const sections = groups.map((group) => {
      const { name, metrics } = group;
      const objects = group.read(this.estate, now).filter(({ object }) => object.isSeenBy(session.user));
      const blocks = objects.map(({ object, rows }) => {
        const lines = rows.map((row) => metrics.map((metric) => textOf(row[metric.name])).join(','));
        return [`"${object.uri}"`, String(now), ...lines, ''].map((line) => `${line}\n`).join('');
      });
      return `"${name}"\n${blocks.join('')}\n`;
    });
    return `${sections.join('')}\n`;
  }

  delete(uri: string, session: Session): void {
    this.#own(uri, session);
    this.#contexts.delete(uri);
  }

  sessionEnded(session: Session): void {
    for (const [uri, context] of this.#contexts) if (context.session === session) this.#contexts.delete(uri);
  }

  #own(uri: string, session: Session): MetricsContext {
    const context = this.#contexts.get(uri);
    if (context === undefined || context.session !== session) throw refuse.notFound(uri);
    return context;
  }
}

const textOf = (value: string | number | undefined): string =>
  typeof value === 'number' ? String(value) : `"${(value ?? '').replaceAll('"', '""')}"`;
