import {
  storagePoolBuild,
  storagePoolCreate,
  storagePoolDefineXml,
  storagePoolGetXmlDesc,
  storagePoolIsActive,
  storagePoolLookupByName,
  storagePoolSetAutostart,
  type Caller,
  type CallOptions,
  type StoragePoolRef,
} from 'node-libvirt';
import { parseXml, serialiseXml } from '../../../../connectors/xml/index.js';
import { ComputeError } from '../../../../common/errors/index.js';
import { settle } from '../../../kit/index.js';
import { failureOf } from '../../client/libvirt-failure.js';
import { unlessMissing } from '../../client/unless-missing.js';
import { poolUuid } from '../../mapping/names.js';
import { DRIVER_NAME } from '../../mapping/refusal.js';
import { directoryPoolXml, storagePoolFacts } from '../../mapping/storage-xml.js';
import type { VirshChange } from '../domain-change.js';
import { StoragePool } from './storage-pool.js';

/** The pool of a host that has what belongs to its instances. */
export interface PoolSettings {
  readonly name: string;
  /** Where it is made when it is not there. */
  readonly path: string;
}

/** Those whose volumes are files in a directory. */
const FILE_POOLS: ReadonlySet<string> = new Set(['dir', 'fs', 'netfs']);

interface Found {
  readonly ref: StoragePoolRef;
  readonly pool: StoragePool;
  readonly isActive: boolean;
}

/**
 * The pool; undefined when there is none.
 *
 * @throws ComputeError FEATURE_LIMITED for one whose volumes are no files, STATE_CONFLICT for one that is not started
 */
export async function findPool(
  caller: Caller,
  { name }: PoolSettings,
  options: CallOptions,
): Promise<StoragePool | undefined> {
  const found = await lookUp(caller, name, options);
  if (found === undefined) return undefined;
  if (found.isActive) return found.pool;
  throw new ComputeError('STATE_CONFLICT', `the storage pool ${name} is not started`, {
    driver: DRIVER_NAME,
    retry: 'safe',
  });
}

/** The same for a change. @throws as {@link findPool} */
export async function poolIfThere(change: VirshChange, settings: PoolSettings): Promise<StoragePool | undefined> {
  return await findPool(change.caller, settings, { signal: change.ctx.signal });
}

/**
 * The pool, made and started where it was not, with what is in its directory now.
 *
 * @throws ComputeError FEATURE_LIMITED for one whose volumes are no files
 */
export async function ensurePool(change: VirshChange, { name, path }: PoolSettings): Promise<StoragePool> {
  const { caller, ctx, backend } = change;
  const options: CallOptions = { signal: ctx.signal, timeoutMs: backend.pacing.requestTimeoutMs };
  const { found, hasActed } = await settle<StoragePool>(change, {
    step: 'start-pool',
    noun: `start of storage pool ${name}`,
    doing: `starting storage pool ${name}`,
    look: async () => {
      const seen = await lookUp(caller, name, options);
      return seen?.isActive === true ? seen.pool : undefined;
    },
    send: async (timeoutMs) => {
      const there = await lookUp(change.plainCaller, name, { timeoutMs });
      const ref = there?.ref ?? (await define(caller, { name, path }, timeoutMs));
      try {
        // The directory of another's pool is his own affair.
        if (ref.uuid === poolUuid(name)) await caller.call(storagePoolBuild, { pool: ref }, { timeoutMs });
        await caller.call(storagePoolCreate, { pool: ref }, { timeoutMs });
      } catch (error) {
        // Somebody else has started it; whether that is so is looked at.
        if (failureOf(error)?.isWrongState !== true) throw error;
      }
      return undefined;
    },
  });
  if (!hasActed) await found.refresh(options);
  return found;
}

/** Whoever else does so defines the same. */
async function define(caller: Caller, { name, path }: PoolSettings, timeoutMs: number): Promise<StoragePoolRef> {
  const xml = serialiseXml(directoryPoolXml({ name, uuid: poolUuid(name), path }));
  const { pool } = await caller.call(storagePoolDefineXml, { xml }, { timeoutMs });
  await caller.call(storagePoolSetAutostart, { pool, autostart: true }, { timeoutMs });
  return pool;
}

async function lookUp(caller: Caller, name: string, options: CallOptions): Promise<Found | undefined> {
  return await unlessMissing('pool', async () => {
    const { pool: ref } = await caller.call(storagePoolLookupByName, { name }, options);
    const { xml } = await caller.call(storagePoolGetXmlDesc, { pool: ref }, options);
    const { type, path } = storagePoolFacts(parseXml(xml));
    if (!FILE_POOLS.has(type) || path === undefined) {
      throw new ComputeError(
        'FEATURE_LIMITED',
        `the storage pool ${name} is of the type ${type}: disks and images are files, so name a pool of the type dir, fs or netfs`,
        { driver: DRIVER_NAME, details: { path: 'pool.name' } },
      );
    }
    const { active: isActive } = await caller.call(storagePoolIsActive, { pool: ref }, options);
    return { ref, pool: new StoragePool(caller, ref, path), isActive };
  });
}
