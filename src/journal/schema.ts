import type { Generated } from 'kysely';

/** Rows as the database holds them: times in milliseconds since the epoch, JSON as text, booleans as 0 and 1. */
export interface OperationsTable {
  seq: Generated<number>;
  id: string;
  requested_by: string;
  request_key: string;
  fingerprint: string;
  message_id: string | null;
  correlation_id: string | null;
  method: string;
  driver: string;
  target: string;
  target_settled: number;
  also_targets: string | null;
  /** Set in rows that are no operations: they keep a further target for the operation of this id. */
  holder_id: string | null;
  parent_id: string | null;
  host: string | null;
  name: string;
  params: string;
  reply_to: string | null;
  state: string;
  owner: string | null;
  fence: number;
  attempts: number;
  accepted_at: number;
  started_at: number | null;
  finished_at: number | null;
  not_after: number | null;
  result: string | null;
  error: string | null;
  /** JSON. */
  trace: string | null;
  /** A request that its former owner sent may be under way until then, by the database's clock. */
  in_flight_until: number | null;
}

export interface CheckpointsTable {
  /** Order within the operation. */
  number: Generated<number>;
  operation_id: string;
  fence: number;
  name: string;
  data: string;
  at: number;
}

export interface WorkersTable {
  id: string;
  server: string;
  hosts: string;
  joined_at: number;
  lease_until: number;
  grace_ms: number;
}

export interface BreakersTable {
  endpoint: string;
  user_name: string;
  credential: string;
  reason: string;
  opened_at: number;
}

/** Facts that belong to no operation: proof of the key that secrets are encrypted with, hosts in maintenance. */
export interface FactsTable {
  name: string;
  value: string;
}

export interface MachinesTable {
  name: string;
  power_type: string;
  parameters: string;
  controller: string;
  status: string;
  error: string | null;
  state: string | null;
  transition: string | null;
  native_state: string | null;
  observed_at: number | null;
  registered_by: string;
  registered_at: number;
  updated_at: number;
  revision: number;
}

export interface InstancesTable {
  target: string;
  host: string;
  id: string;
  name: string;
  origin: string;
  owned_by: string;
  owned_at: number;
  /** JSON. */
  made_with: string | null;
}

export interface SeedsTable {
  token_hash: string;
  operation_id: string;
  /** Key of the target. */
  instance: string;
  token: string;
  /** Null once it was read. */
  content: string | null;
  /** A bit for each file that was not read to its end. */
  unread: number;
  expires_at: number;
}

export interface JournalDatabase {
  operations: OperationsTable;
  checkpoints: CheckpointsTable;
  workers: WorkersTable;
  breakers: BreakersTable;
  facts: FactsTable;
  machines: MachinesTable;
  instances: InstancesTable;
  seeds: SeedsTable;
}
