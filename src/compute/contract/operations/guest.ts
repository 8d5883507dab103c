import type { Answering, ChangeOperation, ChangeResult, OperationParams } from './change.js';
import type { ConsoleType } from '../description/console.js';
import type { CallContext } from '../context.js';
import type { Target } from '../target.js';

/** Network interfaces of an instance, running or shut down. */
export interface NetworkOperations {
  /**
   * Governed by `operation.attach-interface`, and by the features that the network uses. Afterwards the instance has one more
   * interface; repeated by the same operation it adds no second one, and one with the asked MAC address is `already`. `name` is
   * the backend's name of it.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND when there is no such network; ALREADY_EXISTS when the MAC address is another interface's
   */
  attachInterface: ChangeOperation<
    OperationParams<'compute.attach_interface'>,
    Answering<ChangeResult, { interface: { name: string; mac: string | null } }>
  >;
  /**
   * Governed by `operation.detach-interface`. Found by MAC address or by the backend's name. Afterwards it is not there;
   * `already` when it was not.
   */
  detachInterface: ChangeOperation<OperationParams<'compute.detach_interface'>>;
}

/** What reaches into the guest. */
export interface GuestOperations {
  /**
   * Governed by `operation.set-admin-password`. Afterwards the account has the password, which is logged nowhere.
   *
   * @throws ComputeError STATE_CONFLICT without an agent in the guest
   */
  setAdminPassword: ChangeOperation<OperationParams<'compute.set_admin_password'>>;
  /**
   * Governed by `operation.trigger-crash-dump`. The guest was told to dump its memory; what it makes of it, its own settings
   * decide. The same operation tells it once.
   */
  triggerCrashDump: ChangeOperation;
}

/** What a console has shown, the newest at its end. */
export interface ConsoleLog {
  readonly log: string;
  /** Is there more before it, that was not asked for or is not kept? */
  readonly isCut: boolean;
}

/** Where a console is. An address, or host and ports; null for what the backend does not have. */
export interface ConsoleAccess {
  readonly type: ConsoleType;
  readonly url: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly tlsPort: number | null;
  readonly password: string | null;
  /** Milliseconds since the epoch; null: it does not expire. */
  readonly expiresAt: number | null;
}

export interface ConsoleOperations {
  /**
   * Governed by `console.serial.log`. Takes the caller's reference, like `queryPower`. At most `tail_lines` of its last lines,
   * where given.
   */
  getConsoleLog(
    ctx: CallContext,
    reference: string,
    params: OperationParams<'compute.get_console_log'>,
  ): Promise<ConsoleLog>;
  /**
   * Governed by the features of the consoles' types. Opens a console for one caller, and changes nothing of the instance. It
   * is journalled nowhere; a console that nobody connects to goes away by itself.
   *
   * @throws ComputeError STATE_CONFLICT when the instance does not run, or has no console of this type
   */
  getConsole(ctx: CallContext, target: Target, params: OperationParams<'compute.get_console'>): Promise<ConsoleAccess>;
  /**
   * Governed by no feature; absent where lines cannot be sent. The line was sent to the console, once: when it may have been and cannot be told, it is OUTCOME_UNKNOWN. It may hold a
   * password, and is logged nowhere.
   */
  sendConsoleCommand: ChangeOperation<OperationParams<'compute.send_console_command'>>;
}
