import { ComputeError } from '../../../common/errors/index.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import type { HostPlace } from './virsh-place.js';

/** The hosts of one service, by their names: a domain can move from each of them to every other. */
export class Neighbours {
  readonly #places = new Map<string, HostPlace>();

  /** @returns takes it out again, unless another one has come under its name */
  add(name: string, place: HostPlace): () => void {
    this.#places.set(name, place);
    return () => {
      if (this.#places.get(name) === place) this.#places.delete(name);
    };
  }

  /** @throws ComputeError RESOURCE_NOT_FOUND */
  get(name: string): HostPlace {
    const found = this.#places.get(name);
    if (found !== undefined) return found;
    throw new ComputeError('RESOURCE_NOT_FOUND', `there is no host ${name} of this driver`, { driver: DRIVER_NAME });
  }
}
