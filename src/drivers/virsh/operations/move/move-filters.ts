import {
  nwfilterDefineXml,
  nwfilterGetXmlDesc,
  nwfilterLookupByName,
  nwfilterUndefine,
  type Caller,
  type CallOptions,
  type NetworkFilterRef,
} from 'node-libvirt';
import { parseXml } from '../../../../connectors/xml/index.js';
import { makeSo } from '../../../kit/index.js';
import { unlessNone } from '../../client/unless-missing.js';
import type { DomainFacts } from '../../mapping/domain-facts.js';
import { filtersIn } from '../../mapping/moved-definition.js';
import { instanceFiles } from '../../mapping/names.js';
import type { DomainChange } from '../domain-change.js';
import type { MoveChange } from './move-change.js';

/** A filter of the packets of interfaces, which the other host needs before the domain comes. */
interface Filter {
  readonly name: string;
  readonly xml: string;
}

/**
 * The filters that the other host does not have, what others take in before these. That of the instance itself comes in any case: what is
 * there of it is of an earlier time.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND when the host itself has not got one
 */
export async function filtersToBring(change: MoveChange, facts: DomainFacts): Promise<Filter[]> {
  const { ctx, caller, there, uuid } = change;
  const options = { signal: ctx.signal };
  const own = instanceFiles(uuid).filter;
  const found = new Map<string, Filter>();
  const visit = async (name: string): Promise<void> => {
    if (found.has(name)) return;
    if (name !== own && (await lookUp(there.caller, name, options)) !== undefined) return;
    const { filter } = await caller.call(nwfilterLookupByName, { name }, options);
    const { xml } = await caller.call(nwfilterGetXmlDesc, { filter }, options);
    for (const inner of filtersIn(parseXml(xml))) await visit(inner);
    found.set(name, { name, xml });
  };
  for (const { filter } of facts.nics) if (filter !== undefined) await visit(filter);
  return [...found.values()];
}

export async function bringFilters({ there }: MoveChange, filters: readonly Filter[]): Promise<void> {
  for (const { name, xml } of filters) {
    const noun = `filter ${name}`;
    await makeSo(there, {
      step: 'bring-filter',
      noun,
      doing: `making the filter ${name}`,
      // One that is there may have other rules.
      isSo: () => Promise.resolve(there.carriedOut.has(noun)),
      isOver: () => Promise.resolve(true),
      send: async (timeoutMs) => {
        await there.caller.call(nwfilterDefineXml, { xml }, { timeoutMs });
        return true;
      },
    });
  }
}

/** @param change of the host that it is to go from */
export async function removeFilterOf(change: DomainChange, name: string): Promise<void> {
  const { caller, ctx } = change;
  await makeSo(change, {
    step: 'remove-filter',
    noun: `removal of the filter ${name}`,
    doing: `removing the filter ${name}`,
    isSo: async () => (await lookUp(caller, name, { signal: ctx.signal })) === undefined,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const filter = await lookUp(caller, name, { timeoutMs });
      if (filter !== undefined) await caller.call(nwfilterUndefine, { filter }, { timeoutMs });
      return true;
    },
  });
}

/** Undefined where there is none, nor a driver that could have one. */
async function lookUp(caller: Caller, name: string, options: CallOptions): Promise<NetworkFilterRef | undefined> {
  return (await unlessNone('filter', () => caller.call(nwfilterLookupByName, { name }, options)))?.filter;
}
