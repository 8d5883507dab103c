import { failureOf, type Missing } from './libvirt-failure.js';

/** What may not be there: one kind of thing, or whatever was asked for. */
type Sought = Missing | 'anything';

/** What was asked for; undefined when it is not there. Every other failure stays one. */
export async function unlessMissing<T>(sought: Sought, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const missing = failureOf(error)?.missing;
    if (missing !== undefined && (sought === 'anything' || missing === sought)) return undefined;
    throw error;
  }
}

/** The same of what a hypervisor need not have at all, as filters and secrets: without a driver for them there are none. */
export async function unlessNone<T>(sought: Missing, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await unlessMissing(sought, ask);
  } catch (error) {
    if (failureOf(error)?.native === 'VIR_ERR_NO_SUPPORT') return undefined;
    throw error;
  }
}
