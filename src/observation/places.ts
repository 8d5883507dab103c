import { isMethodName } from '../compute/contract/index.js';

/** The values that labels may have; whatever else a request says becomes "other". */
export class Places {
  readonly #hosts: ReadonlyMap<string, string>;
  readonly #drivers: ReadonlySet<string>;

  /**
   * @param hosts of the configuration, with their drivers
   * @param powerTypes that there are
   */
  constructor(hosts: ReadonlyMap<string, string>, powerTypes: readonly string[]) {
    this.#hosts = hosts;
    this.#drivers = new Set([...hosts.values(), ...powerTypes]);
  }

  /** Labels for a place; a host tells its driver. */
  of(host: string | null, driver: string | null): { readonly driver: string; readonly host: string } {
    return {
      driver: this.#driverOf(host, driver),
      host: host === null ? '' : this.#hosts.has(host) ? host : OTHER,
    };
  }

  method(name: string): string {
    return isMethodName(name) ? name : OTHER;
  }

  #driverOf(host: string | null, driver: string | null): string {
    if (driver !== null) return this.#drivers.has(driver) ? driver : OTHER;
    return host === null ? '' : (this.#hosts.get(host) ?? OTHER);
  }
}

const OTHER = 'other';
