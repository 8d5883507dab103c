import type { MachineRecord } from '../../journal/machine-store.port.js';

/** So many at once are looked through for the next that a caller may see. */
const LOOK_THROUGH = 500;

/**
 * The first machines of a list that a caller may see. Those that it may not are passed over: a page that ended with one
 * would name it, since the next begins there.
 *
 * @param list the machines behind one of them; undefined: from where the page begins
 */
export async function visibleMachines(
  count: number,
  sees: (machine: MachineRecord) => boolean,
  list: (behind: MachineRecord | undefined, limit: number) => Promise<readonly MachineRecord[]>,
): Promise<MachineRecord[]> {
  const visible: MachineRecord[] = [];
  let last: MachineRecord | undefined;
  for (let limit = count; ; limit = LOOK_THROUGH) {
    const found = await list(last, limit);
    visible.push(...found.filter(sees));
    if (found.length < limit || visible.length >= count) return visible.slice(0, count);
    last = found.at(-1);
  }
}
