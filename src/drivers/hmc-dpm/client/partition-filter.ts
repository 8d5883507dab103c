import { exactly } from './hmc-query.js';

/** Which partitions, or LPARs, a list is wanted of. */
export interface PartitionFilter {
  readonly cpcName?: string | undefined;
  readonly name?: string | undefined;
}

/** Its query parameters: expressions, so that what comes back is compared again, exactly, by {@link passes}. */
export function filterParameters({ cpcName, name }: PartitionFilter): Record<'name' | 'cpc-name', string | undefined> {
  return {
    name: name === undefined ? undefined : exactly(name),
    'cpc-name': cpcName === undefined ? undefined : exactly(cpcName),
  };
}

export function passes(
  { cpcName, name }: PartitionFilter,
  item: { readonly name: string; readonly 'cpc-name': string },
): boolean {
  return (name === undefined || item.name === name) && (cpcName === undefined || item['cpc-name'] === cpcName);
}
