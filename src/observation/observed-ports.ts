import { toComputeError } from '../common/errors/index.js';
import type { AuditFact, AuditLog, EventPublisher } from '../compute/contract/index.js';
import type { Journal, WorkerRegistry } from '../journal/journal.port.js';
import type { Metrics } from './metrics.js';
import { exemplar } from './observed-gateway.js';
import type { Places } from './places.js';

/** The audit, and what it is told counted. */
export function observedAudit(audit: AuditLog, metrics: Metrics, places: Places): AuditLog {
  return {
    write(fact) {
      audit.write(fact);
      count(fact, metrics, places);
    },
  };
}

function count(
  { event, method: name, host, driver, outcome, code }: AuditFact,
  metrics: Metrics,
  places: Places,
): void {
  const method = places.method(name);
  const place = places.of(host, driver);
  switch (event) {
    case 'accepted':
      metrics.accepted.inc({ method, ...place });
      return;
    case 'taken_up':
      metrics.takenUp.inc({ method, ...place });
      return;
    case 'repeated':
      metrics.repeated.inc({ method });
      return;
    case 'ended':
      metrics.ended.inc({ method, outcome: outcome ?? '', code: code ?? 'ok', ...place });
      return;
    case 'refused':
      metrics.refused.inc({ method, code: code ?? '' });
      return;
    case 'control':
  }
}

/** The events, and the ends of operations timed. */
export function observedEvents(events: EventPublisher, metrics: Metrics, places: Places): EventPublisher {
  return {
    publish(event) {
      events.publish(event);
      if (event.kind !== 'operation' || event.operation.finished_at === null) return;
      const { operation_id: id, method, host, driver, accepted_at, started_at, finished_at } = event.operation;
      const place = places.of(host, driver);
      const exemplarLabels = exemplar(id, event.trace);
      const observe = { value: secondsBetween(accepted_at, finished_at), exemplarLabels };
      metrics.operationSeconds.observe({ labels: { method: places.method(method), ...place }, ...observe });
      const waited = secondsBetween(accepted_at, started_at ?? finished_at);
      metrics.waitSeconds.observe({ labels: place, value: waited, exemplarLabels });
    },
  };
}

/** Clocks of two workers may differ, so that one seems to end before it was accepted. */
function secondsBetween(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from)) / 1000;
}

/** The journal, with every call timed. */
export function observedJournal(journal: Journal, metrics: Metrics): Journal {
  return timed(journal, (call, outcome, seconds) => metrics.journalSeconds.observe({ call, outcome }, seconds));
}

/** The other workers, with the renewals of our own lease counted. */
export function observedWorkers(workers: WorkerRegistry, metrics: Metrics): WorkerRegistry {
  return {
    join: (worker, terms) => workers.join(worker, terms),
    leave: (id, inFlight) => workers.leave(id, inFlight),
    strikeOffExpired: () => workers.strikeOffExpired(),
    list: () => workers.list(),
    async renew(id, terms) {
      try {
        const isRenewed = await workers.renew(id, terms);
        metrics.leaseRenewals.inc({ outcome: isRenewed ? 'renewed' : 'lost' });
        return isRenewed;
      } catch (error) {
        metrics.leaseRenewals.inc({ outcome: 'error' });
        throw error;
      }
    },
  };
}

type Call = (...parameters: unknown[]) => Promise<unknown>;

/** A port of which every method is timed; all of them answer with promises. */
function timed<Port extends object>(port: Port, onEnd: (call: string, outcome: string, seconds: number) => void): Port {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(port)).filter((name) => name !== 'constructor');
  const wrapped = methods.map((name): [string, Call] => {
    const call = (port as Record<string, Call>)[name] as Call;
    return [
      name,
      async (...parameters) => {
        const began = performance.now();
        try {
          const answer = await call.apply(port, parameters);
          onEnd(name, 'ok', (performance.now() - began) / 1000);
          return answer;
        } catch (error) {
          onEnd(name, outcomeOf(error), (performance.now() - began) / 1000);
          throw error;
        }
      },
    ];
  });
  return Object.fromEntries(wrapped) as Port;
}

/** What the journal refuses it has answered. */
function outcomeOf(error: unknown): string {
  return toComputeError(error).code === 'JOURNAL_UNAVAILABLE' ? 'unavailable' : 'refused';
}
