// What a run has seen, for the checker: plain data, so that a test can write one by hand. Times are milliseconds since the
// epoch; all come from the clock of one machine.

export interface Checkpoint {
  /** `step` before each device write, `job` after it, what was asked of it (`cancel` and such), and what the driver leaves. */
  readonly name: string;
  readonly fence: number;
  readonly data: Record<string, unknown> | null;
  readonly at: number;
}

/** As the journal has it. */
export interface Operation {
  /** Order of acceptance. */
  readonly seq: number;
  readonly id: string;
  readonly requestedBy: string;
  readonly key: string;
  readonly method: string;
  readonly target: string;
  /** Its further targets, with its place in the order of each. */
  readonly also: readonly { readonly target: string; readonly seq: number }[];
  /** The operation that it is a part of. */
  readonly parentId: string | null;
  /** The request. */
  readonly params: Record<string, unknown>;
  readonly host: string | null;
  readonly name: string;
  readonly state: string;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly notAfter: number | null;
  readonly result: Record<string, unknown> | null;
  readonly error: ({ code: string; outcome: string } & Record<string, unknown>) | null;
  readonly checkpoints: readonly Checkpoint[];
}

export interface Reply {
  readonly at: number;
  readonly result?: Record<string, unknown>;
  readonly error?: Record<string, unknown>;
}

/** As its caller kept it. */
export interface Request {
  readonly caller: string;
  readonly key: string;
  readonly method: string;
  readonly host: string;
  /** Undefined for a request about a whole host. */
  readonly instance: string | undefined;
  readonly sentAt: number;
  /** Has the broker confirmed it? */
  readonly isConfirmed: boolean;
  /** May a reply have been lost on its way, by no fault of the service? */
  readonly couldMissReply: boolean;
  /** Another request under a key that is taken. */
  readonly isMisuse: boolean;
  /** Nothing was broken while it was carried out. */
  readonly isUndisturbed?: boolean;
  readonly replies: readonly Reply[];
  /** What the caller was told when it asked after its outcome. */
  readonly learnt: Reply | null;
}

/** A start or a stop that arrived at the HMC. */
export interface DeviceWrite {
  readonly sequence: number;
  readonly at: number;
  readonly partition: string;
  readonly step: 'start' | 'stop';
  readonly isExecuted: boolean;
  /** What it was answered, null when it was cut off. */
  readonly status: number | null;
  readonly faults: readonly string[];
}

/** Something that should be gone when everything has ended. */
export interface Leftover {
  readonly kind: string;
  readonly what: string;
}

export interface Limits {
  /** Longest that a write may be on its way. */
  readonly requestTimeoutMs: number;
  /** Unfinished operations on one target. */
  readonly maxPerTarget: number;
  /** Unfinished operations altogether. */
  readonly maxUnfinished: number;
}

export interface History {
  readonly limits: Limits;
  readonly operations: readonly Operation[];
  /** What `operation.list` tells. */
  readonly listed: readonly { id: string; state: string }[];
  readonly requests: readonly Request[];
  readonly writes: readonly DeviceWrite[];
  /** At the end. */
  readonly partitions: readonly { name: string; status: string }[];
  readonly leftovers: readonly Leftover[];
}

export interface Violation {
  readonly rule: string;
  readonly what: string;
  readonly evidence: readonly unknown[];
}
