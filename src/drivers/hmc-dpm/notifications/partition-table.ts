import { definedOnly } from '../../../common/defined-only.js';
import { PartitionSchema, type Partition, type PartitionItem } from '../client/hmc-schemas.js';
import { idOf, isObjectId } from '../client/hmc-uri.js';
import type { PropertyChange } from './notification.js';

interface Row {
  readonly item: PartitionItem;
  /** Are the properties beside name and status known too? */
  readonly hasFacts: boolean;
  /** The moment that it is of. */
  readonly asOf: number;
  /** The moment when the HMC last told of another status by itself; 0: never. */
  readonly toldAt: number;
}

/**
 * What is known of the partitions of an HMC. Moments are numbers that grow: an answer is of the moment when it was asked for, a
 * notification of the one when it came, and what is older than what is known is dropped.
 */
export class PartitionTable {
  readonly #rows = new Map<string, Row>();
  #moment = 0;

  /** A new moment, now. */
  moment(): number {
    return ++this.#moment;
  }

  /** Everything there is, as it was at a moment. @param hasFacts do the items have the properties beside name and status? */
  replace(items: readonly PartitionItem[], hasFacts: boolean, moment: number): void {
    const listed = new Set(items.map((item) => item['object-uri']));
    for (const [uri, { asOf }] of this.#rows) if (!listed.has(uri) && asOf < moment) this.#rows.delete(uri);
    for (const item of items) this.#put(item, hasFacts, moment);
  }

  /** Some of it, as far as it is known here already. */
  confirm(items: readonly PartitionItem[], hasFacts: boolean, moment: number): void {
    for (const item of items) {
      const known = this.#rows.get(item['object-uri']);
      if (known === undefined) continue;
      if (hasFacts || !known.hasFacts) this.#put(item, hasFacts, moment);
      else this.#put({ ...known.item, name: item.name, status: item.status }, true, moment);
    }
  }

  /** The properties of one partition. */
  read(uri: string, partition: Partition, moment: number): void {
    const known = this.#rows.get(uri);
    if (known !== undefined) this.#put({ ...known.item, ...partition }, true, moment);
  }

  /** What the HMC says has changed; false when it cannot be brought into what is known. */
  change(uri: string, changes: readonly PropertyChange[]): boolean {
    const known = this.#rows.get(uri);
    if (known === undefined) return false;
    const said = Object.fromEntries(changes.map(({ name, value }) => [name, value]));
    const changed = PartitionSchema.partial().safeParse(said);
    if (!changed.success) return false;
    const moment = this.moment();
    const toldAt = changed.data.status === undefined ? known.toldAt : moment;
    this.#rows.set(uri, { ...known, item: { ...known.item, ...definedOnly(changed.data) }, asOf: moment, toldAt });
    return true;
  }

  remove(uri: string): void {
    this.#rows.delete(uri);
  }

  get(uri: string): PartitionItem | undefined {
    return this.#rows.get(uri)?.item;
  }

  hasFacts({ 'object-uri': uri }: PartitionItem): boolean {
    return this.#rows.get(uri)?.hasFacts ?? false;
  }

  /** Has the HMC told of another status after a moment? */
  isToldSince(uri: string, moment: number): boolean {
    return (this.#rows.get(uri)?.toldAt ?? 0) > moment;
  }

  /** @param cpc name; undefined for all */
  items(cpc?: string): PartitionItem[] {
    return [...this.#rows.values()]
      .map(({ item }) => item)
      .filter((item) => cpc === undefined || item['cpc-name'] === cpc);
  }

  /** Those that a name, or an object-id, may mean. */
  find(reference: string, cpc?: string): PartitionItem[] {
    const id = isObjectId(reference) ? reference.toLowerCase() : undefined;
    return this.items(cpc).filter(
      (item) => item.name === reference || (id !== undefined && idOf(item['object-uri']).toLowerCase() === id),
    );
  }

  #put(item: PartitionItem, hasFacts: boolean, moment: number): void {
    const known = this.#rows.get(item['object-uri']);
    if (known !== undefined && known.asOf > moment) return;
    this.#rows.set(item['object-uri'], { item, hasFacts, asOf: moment, toldAt: known?.toldAt ?? 0 });
  }
}
