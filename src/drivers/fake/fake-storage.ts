import { ComputeError } from '../../common/errors/index.js';
import type { Volume } from '../../compute/contract/index.js';
import { hashOf } from './fake-hash.js';
import type { FakeImage } from './fake-image.js';

const VOLUME_GIB = 10;

/** A volume, whoever has it. */
interface StoredVolume {
  sizeGib: number;
  /** What is on it. */
  holds: string;
  /** Of the key that it was encrypted with. */
  keyHash: string | null;
  /** Ids of the instances that have it, and whether they would share it. */
  readonly holders: Map<string, boolean>;
}

/** What the hosts of an estate reach alike: volumes, and images at addresses. A volume is there as soon as it is asked for. */
export class FakeStorage {
  readonly remoteImages = new Map<string, FakeImage>();
  readonly #volumes = new Map<string, StoredVolume>();
  /** Hashes of what iSCSI targets were first logged on to with. */
  readonly #logons = new Map<string, string>();

  volume(id: string): StoredVolume {
    const volume = this.#volumes.get(id) ?? {
      sizeGib: VOLUME_GIB,
      holds: `data of ${id}`,
      keyHash: null,
      holders: new Map(),
    };
    this.#volumes.set(id, volume);
    return volume;
  }

  /** @throws ComputeError when the instance cannot have it: STATE_CONFLICT, BACKEND_AUTH_FAILED, BACKEND_REJECTED */
  check(volume: Volume, instanceId?: string): void {
    const { holders, keyHash } = this.volume(volume.id);
    const others = [...holders].filter(([id]) => id !== instanceId);
    if (others.length > 0 && !(volume.multiattach === true && others.every(([, isShared]) => isShared))) {
      throw new ComputeError(
        'STATE_CONFLICT',
        `another instance has the volume ${volume.id}; with multiattach both can have it, when both say so`,
      );
    }
    const logon = logonOf(volume);
    if (logon !== undefined && (this.#logons.get(logon.as) ?? logon.hash) !== logon.hash) {
      throw new ComputeError('BACKEND_AUTH_FAILED', `the target of the volume ${volume.id} refuses the password`);
    }
    if (volume.encryption !== undefined && keyHash !== null && keyHash !== hashOf(volume.encryption.key)) {
      throw new ComputeError('BACKEND_REJECTED', `the key does not open the volume ${volume.id}`);
    }
  }

  /** From now on the instance has it. */
  hold(volume: Volume, instanceId: string): void {
    const stored = this.volume(volume.id);
    stored.holders.set(instanceId, volume.multiattach === true);
    if (volume.encryption !== undefined) stored.keyHash ??= hashOf(volume.encryption.key);
    const logon = logonOf(volume);
    if (logon !== undefined && !this.#logons.has(logon.as)) this.#logons.set(logon.as, logon.hash);
  }

  /** The instance does not have it any longer; what is on it stays. */
  release(id: string, instanceId: string): void {
    this.volume(id).holders.delete(instanceId);
  }
}

function logonOf({ connection }: Volume): { readonly as: string; readonly hash: string } | undefined {
  if (connection.type !== 'iscsi' || connection.auth === undefined) return undefined;
  const { user, password } = connection.auth;
  return { as: `${connection.target} ${user}`, hash: hashOf(password) };
}
