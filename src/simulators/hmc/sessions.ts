import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Cancel, Clock } from '../kit/clock.js';
import { HmcError, refuse } from './hmc-error.js';
import type { HmcSettings, UserEntry } from './inventory.schema.js';

export interface Session {
  readonly id: string;
  readonly credential: string;
  readonly topic: string;
  readonly jobTopic: string;
  readonly user: UserEntry;
  lastUsedMs: number;
}

/** What is known of a user's attempts. */
export interface LogonRecord {
  accepted: number;
  refused: number;
  refusedInARow: number;
  isLocked: boolean;
}

/** What lives as long as a session does. */
export interface SessionListener {
  started?(session: Session): void;
  /** Logged off, expired, or lost with a restart. */
  ended?(session: Session): void;
}

/** Logons and the sessions that came of them (hmc-dpm.md section 3). */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #expiries = new Map<Session, Cancel>();
  readonly #listeners = new Set<SessionListener>();
  readonly #users: ReadonlyMap<string, UserEntry>;
  readonly #records = new Map<string, LogonRecord>();

  constructor(
    users: readonly UserEntry[],
    private readonly settings: HmcSettings,
    private readonly clock: Clock,
  ) {
    this.#users = new Map(users.map((user) => [user.name, user]));
  }

  listen(listener: SessionListener): void {
    this.#listeners.add(listener);
  }

  /** Throws 403,0 when refused, 403 with the configured reason when the user has too many sessions. */
  logOn(name: string, password: string): Session {
    const user = this.authenticate(name, password);
    const record = this.#record(name);
    if (this.count(name) >= user.max_sessions) {
      throw new HmcError(403, this.settings.session_limit_reason, `The user '${name}' has too many sessions`);
    }
    record.accepted += 1;
    record.refusedInARow = 0;
    const session: Session = {
      id: randomBytes(24).toString('hex'),
      credential: randomBytes(24).toString('hex'),
      topic: `${name}.1obj-${randomBytes(4).toString('hex')}`,
      jobTopic: `${name}.1job-${randomBytes(4).toString('hex')}`,
      user,
      lastUsedMs: this.clock.now(),
    };
    this.#sessions.set(session.id, session);
    this.#expireInTime(session);
    for (const listener of this.#listeners) listener.started?.(session);
    return session;
  }

  /** The user of this password, without a session. Throws 403,0, counted against the user. */
  authenticate(name: string, password: string): UserEntry {
    const user = this.#users.get(name);
    if (
      user === undefined ||
      this.#record(name).isLocked ||
      !isSame(password, user.password) ||
      !user.allow_management_interfaces
    ) {
      throw this.refuse(name);
    }
    return user;
  }

  /** The live session of this id, when the credential that came with it is right. */
  withCredential(id: string, credential: string): Session | undefined {
    const session = this.find(id);
    return session !== undefined && isSame(credential, session.credential) ? session : undefined;
  }

  /** Counts a refused logon, locks the user when there were too many, and returns the error to throw. */
  refuse(name: string): HmcError {
    const record = this.#record(name);
    record.refused += 1;
    record.refusedInARow += 1;
    if (record.refusedInARow >= this.settings.lock_after_refused_logons) record.isLocked = true;
    return refuse.logonFailed();
  }

  /** The live session of a request, marked as used. Throws 403,4 without an id and 403,5 with a dead one. */
  use(id: string | undefined): Session {
    if (id === undefined || id === '') throw refuse.noSession();
    const session = this.find(id);
    if (session === undefined) throw refuse.deadSession();
    session.lastUsedMs = this.clock.now();
    return session;
  }

  /** Without marking it as used. */
  find(id: string | undefined): Session | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (session === undefined || this.#isAlive(session)) return session;
    this.drop(session);
    return undefined;
  }

  drop(session: Session): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#expiries.get(session)?.();
    this.#expiries.delete(session);
    for (const listener of this.#listeners) listener.ended?.(session);
  }

  dropAll(): void {
    for (const session of this.#sessions.values()) this.drop(session);
  }

  /** Live sessions, of one user or of all. */
  count(user?: string): number {
    for (const session of this.#sessions.values()) this.find(session.id);
    const live = [...this.#sessions.values()];
    return user === undefined ? live.length : live.filter((session) => session.user.name === user).length;
  }

  ids(): string[] {
    return [...this.#sessions.keys()];
  }

  logons(user: string): Readonly<LogonRecord> {
    return { ...this.#record(user) };
  }

  unlock(user: string): void {
    Object.assign(this.#record(user), { refusedInARow: 0, isLocked: false });
  }

  #isAlive(session: Session): boolean {
    return this.clock.now() - session.lastUsedMs <= session.user.session_idle_ms;
  }

  /** Those who live with a session learn of its end when it comes, not when somebody asks. */
  #expireInTime(session: Session): void {
    const remainingMs = session.lastUsedMs + session.user.session_idle_ms + 1 - this.clock.now();
    const cancel = this.clock.after(remainingMs, () => {
      if (this.#isAlive(session)) this.#expireInTime(session);
      else this.drop(session);
    });
    this.#expiries.set(session, cancel);
  }

  /** Records are kept for known users only: a caller who tries names cannot fill the memory. */
  #record(name: string): LogonRecord {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const user = this.#users.get(name);
    const record = { accepted: 0, refused: 0, refusedInARow: 0, isLocked: user?.is_locked ?? false };
    if (user !== undefined) this.#records.set(name, record);
    return record;
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
