import { failureOf } from './libvirt-failure.js';

/** Undefined in place of what libvirt refuses to tell, or does not have; that it does not answer at all is an error. */
export async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (failureOf(error)?.native === undefined) throw error;
    return undefined;
  }
}
