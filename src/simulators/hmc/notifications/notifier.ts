import type { HmcChange } from '../changes.js';
import { osMessageFields, type GuestHost, type OsMessage } from '../consoles/os-messages.js';
import type { Task, UserEntry } from '../inventory.schema.js';
import type { HmcObject } from '../model.js';
import { mayDo } from '../permissions.js';
import type { NotificationType } from './notification-types.js';
import type { Notification, Topic, Topics, TopicType } from './topics.js';

/** Who and what a partition's URI stands for; null for other objects. */
export type PartitionOf = (object: HmcObject) => { readonly name: string; readonly cpc: string } | null;

/** An entry of the audit or the security log. */
export interface LogEntry {
  readonly id: string;
  readonly name: string;
  readonly message: string;
  readonly user: string;
}

/** Says on the topics of each session what its user may know: changes of what the user sees, and the user's own jobs. */
export class Notifier {
  constructor(
    private readonly topics: Topics,
    private readonly partitionOf: PartitionOf,
    private readonly ownsJob: (uri: string) => boolean,
  ) {}

  tell(change: HmcChange): void {
    if (change.kind === 'job') {
      if (this.ownsJob(change.uri)) this.#tellOfJob(change);
      return;
    }
    const notification = this.#notificationOf(change);
    this.#publish('object-notification', (user) => change.object.isSeenBy(user), notification);
  }

  /** On the channels that are open for that partition, or on one of them alone. */
  osMessages(host: GuestHost, messages: readonly OsMessage[], { only }: { only?: Topic } = {}): void {
    if (messages.length === 0) return;
    const isRefresh = only !== undefined;
    const notification: Notification = {
      type: 'os-message',
      headers: objectHeaders(host),
      body: { 'os-messages': messages.map((message) => ({ ...osMessageFields(message), 'is-refresh': isRefresh })) },
      partition: host.name,
      cpc: host.cpc.name,
    };
    for (const topic of only === undefined ? this.topics.all() : [only]) {
      if (topic.channel?.uri === host.uri) this.topics.publish(topic, notification);
    }
  }

  /** To everybody who may read that log. */
  log(kind: 'audit' | 'security', { id, name, message, user }: LogEntry, at: number): void {
    const entry = {
      'event-id': id,
      'event-name': name,
      'event-time': at,
      'event-message': message,
      'event-data-items': [],
      userid: user,
    };
    const type = `${kind}-notification` as const;
    this.#publish(type, (reader) => mayRead(reader, type), {
      type: 'log-entry',
      headers: { 'log-type': kind, ...CONSOLE_HEADERS },
      body: { 'log-entries': [entry] },
      partition: null,
      cpc: null,
    });
  }

  #tellOfJob({ uri, owner }: Extract<HmcChange, { kind: 'job' }>): void {
    this.#publish('job-notification', (user) => user.name === owner, {
      type: 'job-completion',
      headers: { 'job-uri': uri },
      partition: null,
      cpc: null,
    });
  }

  #notificationOf(change: Exclude<HmcChange, { kind: 'job' }>): Notification {
    const { object } = change;
    const notification = (type: NotificationType, more: Record<string, string>, body?: unknown): Notification => {
      const partition = this.partitionOf(object);
      const headers = { ...objectHeaders(object), ...more };
      return { type, headers, body, partition: partition?.name ?? null, cpc: partition?.cpc ?? null };
    };
    switch (change.kind) {
      case 'status':
        return notification(
          'status-change',
          {},
          {
            'change-reports': [
              {
                'old-status': change.oldStatus,
                'new-status': change.newStatus,
                'has-unacceptable-status': change.hasUnacceptableStatus,
              },
            ],
          },
        );
      case 'property':
        return notification(
          'property-change',
          {},
          {
            'change-reports': [
              { 'property-name': change.name, 'old-value': change.oldValue, 'new-value': change.newValue },
            ],
          },
        );
      case 'inventory':
        return notification('inventory-change', { action: change.action });
    }
  }

  #publish(type: Topic['type'], mayKnow: (user: UserEntry) => boolean, notification: Notification): void {
    for (const topic of this.topics.all()) {
      if (topic.type === type && mayKnow(topic.session.user)) this.topics.publish(topic, notification);
    }
  }
}

const TASK_TO_READ: Partial<Record<TopicType, Task>> = {
  'audit-notification': 'view-audit-log',
  'security-notification': 'view-security-log',
};

/** Whether a user is told of a topic of this type, and hears on it. */
export function mayRead(user: UserEntry, type: TopicType): boolean {
  const task = TASK_TO_READ[type];
  return task === undefined || mayDo(user, task);
}

const CONSOLE_HEADERS = { 'object-uri': '/api/console', 'object-id': 'console', class: 'console' } as const;

/** An element is named by its own URI, not by that of its object. */
function objectHeaders({ uri, class: kind, name, parent }: HmcObject): Record<string, string> {
  const prefix = parent === null ? 'object' : 'element';
  return { [`${prefix}-uri`]: uri, [`${prefix}-id`]: uri.split('/').at(-1) ?? '', class: kind, name };
}
