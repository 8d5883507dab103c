import { ComputeError } from '../../common/errors/index.js';
import { glob } from '../../common/glob.js';
import type { Target } from '../contract/index.js';

export interface GuardRailSettings {
  /** Names, ids or globs with `*` of what changing methods may touch. */
  readonly manage: readonly string[];
  /** What they never may; wins over `manage`. */
  readonly protect: readonly string[];
  /** Names of the LPAR or guest that the service itself runs in. */
  readonly self: readonly string[];
}

/** Keeps changing methods away from what nobody gave into our hands (DESIGN 5, guard rails). */
export class GuardRails {
  readonly #host: string;
  readonly #manage: readonly RegExp[];
  readonly #protect: readonly RegExp[];
  readonly #self: ReadonlySet<string>;

  constructor(host: string, settings: GuardRailSettings) {
    this.#host = host;
    this.#manage = settings.manage.map(glob);
    this.#protect = settings.protect.map(glob);
    this.#self = new Set(settings.self.map((name) => name.toLowerCase()));
  }

  /** @throws ComputeError FORBIDDEN, with `details.reason` `self`, `protected` or `not_managed` */
  check(target: Target, operation: string): void {
    const protection = this.protection(target, operation);
    if (protection !== undefined) throw protection;
    if (!this.#manage.some(matching(target))) {
      throw this.#refusal(
        target,
        'not_managed',
        `${target.name} is not in the hands of this service: add its name to hosts.${this.#host}.manage to allow changes`,
      );
    }
  }

  /** The refusal of what must not be done whatever `manage` says: FORBIDDEN, with `details.reason` `self` or `protected`. */
  protection(target: Target, operation: string): ComputeError | undefined {
    const { name } = target;
    if (operation !== 'powerOn' && this.#self.has(name.toLowerCase())) {
      return this.#refusal(target, 'self', `this service runs in ${name}, and does not stop itself`);
    }
    return this.#protect.some(matching(target))
      ? this.#refusal(target, 'protected', `${name} is protected: it matches hosts.${this.#host}.protect`)
      : undefined;
  }

  #refusal(target: Target, reason: string, message: string): ComputeError {
    return new ComputeError('FORBIDDEN', message, { target: target.key, details: { reason, host: this.#host } });
  }
}

function matching({ name, id }: Target): (pattern: RegExp) => boolean {
  return (pattern) => pattern.test(name) || pattern.test(id);
}
