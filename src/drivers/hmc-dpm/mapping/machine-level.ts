import type { Judgement } from '../../kit/index.js';

interface MachineFacts {
  readonly type: string | null | undefined;
  readonly model: string | null | undefined;
  readonly seVersion: string | null | undefined;
}

/** z15 and LinuxONE III, and everything after them that is known. */
const NEW_MACHINES: ReadonlySet<string> = new Set(['8561', '8562', '3931', '3932', '9175', '9176']);
/** z14 with its LinuxONE siblings. */
const Z14_MACHINES: ReadonlySet<string> = new Set(['3906', '3907']);
const OLD_MACHINES: ReadonlySet<string> = new Set(['2817', '2818', '2827', '2828', '2964', '2965']);

/** Is it a z14 GA2, a LinuxONE III, or newer? */
export function machineLevel({ type, model, seVersion }: MachineFacts): Judgement {
  if (!type) return { status: 'unknown', evidence: 'the HMC does not tell the machine type' };
  const machine = `machine type ${type}${model ? `-${model}` : ''}`;
  if (NEW_MACHINES.has(type)) return { status: 'met', evidence: `${machine}: newer than z14` };
  if (OLD_MACHINES.has(type)) return { status: 'not_met', evidence: `${machine}: older than z14` };
  if (!Z14_MACHINES.has(type)) return { status: 'unknown', evidence: `${machine} is not known to this driver` };
  if (!model) return { status: 'unknown', evidence: `${machine}: z14 or LinuxONE II, its model is not told` };
  if (model.startsWith('L')) return { status: 'not_met', evidence: `${machine}: LinuxONE II` };
  const release = releaseOf(seVersion);
  if (release === undefined) return { status: 'unknown', evidence: `${machine}: z14, its SE version is not told` };
  return isAtLeast(release, [2, 14, 1])
    ? { status: 'met', evidence: `${machine}, SE ${seVersion}: z14 GA2` }
    : { status: 'not_met', evidence: `${machine}, SE ${seVersion}: z14 GA1` };
}

/**
 * Is a console, or a support element, at the level that the guide asks for? It names bundles of the releases of its time
 * (H39 or H40, S55), and the API tells releases only: later ones have it, those of that time cannot be told.
 */
export function bundleLevel(what: 'HMC' | 'SE', version: string | null | undefined): Judgement {
  const release = releaseOf(version);
  if (release === undefined) return { status: 'unknown', evidence: `the version of the ${what} is not told` };
  if (isAtLeast(release, [2, 16, 0])) {
    return { status: 'met', evidence: `${what} ${version}, a later release than that of the bundle` };
  }
  return isAtLeast(release, [2, 14, 1])
    ? { status: 'unknown', evidence: `${what} ${version}; the API does not tell its bundle` }
    : { status: 'not_met', evidence: `${what} ${version}, an earlier release than that of the bundle` };
}

type Release = readonly [number, number, number];

function releaseOf(version: string | null | undefined): Release | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version ?? '') ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch ?? 0)];
}

function isAtLeast(release: Release, wanted: Release): boolean {
  const at = release.findIndex((part, index) => part !== wanted[index]);
  return at < 0 || (release[at] ?? 0) > (wanted[at] ?? 0);
}
