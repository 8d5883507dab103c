import { AuthenticationError, TransportError } from 'node-libvirt';
import type { DriverPorts } from '../../../compute/contract/index.js';
import { breakerKey, type LibvirtAccess } from './libvirt-access.js';
import { LinkError } from './link-error.js';

/**
 * Stands before whatever logs on at a daemon or its host: a logon that was refused is not repeated until {@link rearm}, or until the
 * credential is another one, since servers lock users out.
 */
export class LogonGuard {
  readonly #access: LibvirtAccess;
  readonly #ports: Pick<DriverPorts, 'breakers' | 'log'>;
  /** The last of the logons that are made one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Was one let in, and none refused since? */
  #isLetIn = false;
  /** Holds logons back when the breaker could not be written down. */
  #refusal: string | undefined;

  constructor(access: LibvirtAccess, ports: Pick<DriverPorts, 'breakers' | 'log'>) {
    this.#access = access;
    this.#ports = ports;
  }

  /**
   * Does what needs to be let in; until one was, one after the other: of several with a wrong password, only one is to be refused.
   *
   * @throws LinkError `held-back`; what `work` throws
   */
  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isLetIn) return await this.#try(work);
    const before = this.#turn;
    const mine = (async () => {
      await before;
      return await this.#try(work);
    })();
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  /** Allows the next logon after a refused one; tells whether one was held back. */
  async rearm(): Promise<boolean> {
    const wasRefused = this.#refusal !== undefined;
    this.#refusal = undefined;
    const { endpoint, user } = this.#access;
    return (await this.#ports.breakers.close({ endpoint, user })) || wasRefused;
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    const key = await breakerKey(this.#access);
    const reason = (await this.#ports.breakers.find(key))?.reason ?? this.#refusal;
    if (reason !== undefined) throw new LinkError('held-back', reason);
    try {
      const result = await work();
      this.#letIn();
      return result;
    } catch (error) {
      if (isRefusedLogon(error)) {
        this.#isLetIn = false;
        await this.#holdBack(key, error.message);
      }
      throw error;
    }
  }

  #letIn(): void {
    if (!this.#isLetIn) this.#ports.log.info('logged on to libvirt', { libvirt: this.#access.label });
    this.#isLetIn = true;
  }

  async #holdBack(key: Awaited<ReturnType<typeof breakerKey>>, reason: string): Promise<void> {
    const { log, breakers } = this.#ports;
    log.warn('the logon to libvirt was refused; no more is tried', { libvirt: this.#access.label, reason });
    try {
      await breakers.open(key, reason);
    } catch (error) {
      this.#refusal = reason;
      log.error('the refused logon could not be written down', { err: error });
    }
  }
}

/** Did the server look at who we are, and say no? */
function isRefusedLogon(error: unknown): error is Error {
  return error instanceof AuthenticationError || (error instanceof TransportError && error.kind === 'refused');
}
