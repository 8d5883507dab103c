import { storagePoolRefresh, type Call, type Caller, type CallOptions } from 'node-libvirt';

/**
 * By these words libvirt's procedures are named that change nothing: `domain_get_state`, `storage_vol_lookup_by_name`. Statistics of a
 * job that has ended are forgotten once they were read, unless the call says otherwise.
 */
const READS = /_(get|has|is|list|lookup)_/;

/** May it be called once more when its answer was lost, whatever came of it the first time? */
export function isRepeatable({ name }: Pick<Call<never, unknown>, 'name'>): boolean {
  return READS.test(name) || name === storagePoolRefresh.name;
}

/**
 * The same calls, of which those that may be repeated, and that end with the operation's signal, are made as `ask` makes questions. Others
 * go out once: whoever changes something looks at what came of it.
 */
export function patientCaller(caller: Caller, ask: <T>(question: () => Promise<T>) => Promise<T>): Caller {
  const call = <Args, Reply>(what: Call<Args, Reply>, args: Args, options?: CallOptions): Promise<Reply> => {
    const once = (): Promise<Reply> => caller.call(what, args, options);
    return options?.signal !== undefined && isRepeatable(what) ? ask(once) : once();
  };
  return {
    call,
    openStream: (what, args, options) => caller.openStream(what, args, options),
  };
}
