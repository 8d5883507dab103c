/** Version of the RPC interface that oslo callers name in their target. A compatible addition raises the minor part. */
export const RPC_VERSION = '1.0';

/** May a caller of `wanted` be served by `served`? Same major, no higher minor; the third part likewise. */
export function isServed(wanted: string, served: string = RPC_VERSION): boolean {
  const [wantedMajor = 0, wantedMinor = 0, wantedRevision = 0] = wanted.split('.').map(Number);
  const [major = 0, minor = 0, revision = 0] = served.split('.').map(Number);
  if (wantedMajor !== major) return false;
  return wantedMinor === minor ? wantedRevision <= revision : wantedMinor < minor;
}
