import { z } from 'zod';

/**
 * A URI of the API that the HMC gives and that we send back as a path: nothing in it may lead elsewhere.
 *
 * @param kind the collection of its object: "partitions"
 * @param element the collection of elements within the object, where it is one: "nics"
 */
export function uriOf(kind: string, element?: string): z.ZodString {
  const id = '[A-Za-z0-9_.~-]*[A-Za-z0-9_~-]';
  const path = element === undefined ? `/api/${kind}/${id}` : `/api/${kind}/${id}/${element}/${id}`;
  return z
    .string()
    .max(1024)
    .regex(new RegExp(`^${path}$`), `is not a URI of the API's ${element ?? kind}`);
}

/** The id at the end of a URI: of the object, or of the element. */
export function idOf(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}

const OBJECT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Has it the form of an object-id? A name may have it too. */
export function isObjectId(reference: string): boolean {
  return OBJECT_ID.test(reference);
}
