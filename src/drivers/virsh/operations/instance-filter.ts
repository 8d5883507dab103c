import {
  nwfilterDefineXml,
  nwfilterLookupByName,
  nwfilterLookupByUuid,
  nwfilterUndefine,
  type Caller,
  type CallOptions,
  type NetworkFilterRef,
} from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, ChangeParams } from '../../../compute/contract/index.js';
import { serialiseXml } from '../../../connectors/xml/index.js';
import { makeSo } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { unlessNone } from '../client/unless-missing.js';
import { needsFilter } from '../mapping/define-domain.js';
import { filterXml } from '../mapping/filter-xml.js';
import { filterUuid } from '../mapping/names.js';
import { DRIVER_NAME, limited } from '../mapping/refusal.js';
import type { VirshChange } from './domain-change.js';
import type { VirshPlace } from './virsh-place.js';

/** Rules for the packets of an instance: a filter of libvirt (`nwfilter`) of its own, which takes those of its groups in. */

type Ruled = Pick<ChangeParams<'spawn'>, 'firewall_rules' | 'security_groups'>;

/** Groups are filters that somebody keeps in libvirt. @throws ComputeError RESOURCE_NOT_FOUND, FEATURE_LIMITED */
export async function requireGroups(ctx: CallContext, place: VirshPlace, ruled: Ruled): Promise<void> {
  if (!needsFilter(ruled)) return;
  const caller = place.caller(ctx);
  for (const [at, name] of (ruled.security_groups ?? []).entries()) {
    try {
      await caller.call(nwfilterLookupByName, { name }, { signal: ctx.signal });
    } catch (error) {
      const failure = failureOf(error);
      if (failure?.native === 'VIR_ERR_NO_SUPPORT') throw noFilters(`security_groups.${at}`);
      if (failure?.missing !== 'filter') throw error;
      throw new ComputeError(
        'RESOURCE_NOT_FOUND',
        `security_groups.${at}: ${place.label} has no filter ${name}; groups are filters of libvirt (virsh nwfilter-list)`,
        { driver: DRIVER_NAME, details: { path: `security_groups.${at}` } },
      );
    }
  }
}

/** @param instance UUID of the domain */
export async function ensureFilter(change: VirshChange, instance: string, ruled: Ruled): Promise<void> {
  if (!needsFilter(ruled)) return;
  const { firewall_rules: rules = [], security_groups: groups = [] } = ruled;
  const xml = serialiseXml(filterXml(instance, rules, groups));
  await makeSo(change, {
    step: 'define-filter',
    noun: 'filter for its packets',
    doing: `making the filter of ${change.label}`,
    // Nobody else makes one with this UUID, nor this operation another one.
    isSo: async () => (await findFilter(change.caller, instance, { signal: change.ctx.signal })) !== undefined,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await change.caller.call(nwfilterDefineXml, { xml }, { timeoutMs });
      return true;
    },
  });
}

/** Not while the domain runs. @returns whether there was one */
export async function removeFilter(change: VirshChange, instance: string): Promise<boolean> {
  return await makeSo(change, {
    step: 'remove-filter',
    noun: 'removal of the filter',
    doing: `removing the filter of ${change.label}`,
    isSo: async () => (await findFilter(change.caller, instance, { signal: change.ctx.signal })) === undefined,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const filter = await findFilter(change.caller, instance, { timeoutMs });
      if (filter !== undefined) await change.caller.call(nwfilterUndefine, { filter }, { timeoutMs });
      return true;
    },
  });
}

/** The filter of an instance; undefined when there is none, nor a driver that could have one. */
export async function findFilter(
  caller: Caller,
  instance: string,
  options: CallOptions,
): Promise<NetworkFilterRef | undefined> {
  const uuid = filterUuid(instance);
  return (await unlessNone('filter', () => caller.call(nwfilterLookupByUuid, { uuid }, options)))?.filter;
}

function noFilters(field: string): ComputeError {
  return limited(field, 'the libvirt of the host has no driver for filters (nwfilter)');
}
