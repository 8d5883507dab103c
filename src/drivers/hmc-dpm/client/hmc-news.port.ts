import type { PartitionTable } from '../notifications/partition-table.js';
import type { Topics } from './hmc-call.js';
import type { Partition, PartitionItem } from './hmc-schemas.js';

/** What was learnt of partitions: of all there are, or of some. */
export interface Seen {
  readonly items: readonly PartitionItem[];
  readonly isAll: boolean;
}

/** Whoever wants an HMC to be listened to. */
export interface NewsFollower {
  onSeen(seen: Seen): void;
  /** The HMC was lost and does not answer. */
  onAway(): void;
}

/** A pause between two looks, milliseconds: so long when the HMC tells nothing; longer, up to a limit, while it tells. */
export interface Pause {
  readonly ms: number;
  readonly atMostMs: number;
}

/** Partitions as they are known without asking. */
export interface KnownPartitions {
  readonly table: PartitionTable;
  /** When what is known was last known to be so, milliseconds since the epoch. */
  readonly observedAt: number;
}

/** What an HMC tells by itself, for those who would ask otherwise. */
export interface HmcNews {
  /** Is what is known true now? */
  readonly isHealthy: boolean;
  /** What is known, when the HMC has confirmed it within so many milliseconds. */
  known(maxAgeMs: number): KnownPartitions | undefined;
  /** The status of a partition, as far as the HMC tells; undefined when it does not. */
  status(uri: string): string | undefined;
  /** Now, for what is asked for now: see {@link PartitionTable}. */
  moment(): number;
  /** Partitions were listed as of a moment. */
  listed(items: readonly PartitionItem[], hasFacts: boolean, moment: number): void;
  /** A partition was read as of a moment. */
  read(uri: string, partition: Partition, moment: number): void;
  /** Has the HMC said that this job has ended? */
  isJobEnded(uri: string): boolean;
  /** Waits until the HMC says that a job has ended, or the pause is over. @throws the signal's reason */
  jobPause(uri: string, pause: Pause, signal: AbortSignal): Promise<void>;
  /** The same for another status of a partition than at a moment. @throws the signal's reason */
  statusPause(uri: string, moment: number, pause: Pause, signal: AbortSignal): Promise<void>;
}

/** The same, for the session that it belongs to, and those who use the session. */
export interface SessionNews extends HmcNews {
  /** Listens from now on; the function ends it. */
  follow(follower: NewsFollower): () => void;
  /** The session is new: what was listened to before is gone (hmc-dpm.md section 3). */
  loggedOn(topics: Topics | undefined): void;
  /** The session is gone, and its topics with it. Whoever asks next logs on anew, which is whoever listens when nobody else does. */
  sessionLost(): void;
  /** Ends the listening for good. */
  close(): Promise<void>;
}
