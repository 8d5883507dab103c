import { existsSync, readFileSync } from 'node:fs';
import { eventually } from './eventually.js';

/** Generous: guests are emulated, on machines that do other things too. */
const STARTS_WITHIN_MS = 240_000;

/** What a guest told on its console since it was started, of what scripts/guests/system makes it tell. */
export interface GuestReport {
  /** Everything. */
  readonly text: string;
  /** The word of the image that it was started from; `none` without one. */
  readonly image: string;
  readonly isRescue: boolean;
  /** There once it is up. */
  readonly arch: string | undefined;
  readonly kernel: string | undefined;
  /** Whether it has told all that it tells by itself, and runs what it runs. */
  readonly isReady: boolean;
  /** Whether it went down in good order. */
  readonly isDown: boolean;
  readonly machine: GuestMachine | undefined;
  readonly loadparm: string | undefined;
  readonly nics: readonly { readonly name: string; readonly mac: string }[];
  /** That it got by DHCP: `eth0 192.168.122.7/24`. */
  readonly addresses: readonly string[];
  readonly disks: readonly { readonly name: string; readonly bytes: number; readonly serial: string | undefined }[];
  /** The partition in which it keeps data, and the number of starts that it counted there. */
  readonly data: { readonly device: string; readonly boots: number } | undefined;
  /** Files of the disk for a first start, by path: `meta-data`. */
  readonly seed: Readonly<Record<string, string>> | undefined;
  readonly hasAgent: boolean;
  /** Whose password was set. */
  readonly passwords: readonly string[];
  readonly isBusy: boolean;
  /** Lines that were typed. */
  readonly heard: readonly string[];
}

export interface GuestMachine {
  readonly firmware: 'bios' | 'uefi' | 'ipl';
  readonly cpus: number;
  readonly memoryKib: number;
  readonly hasTpm: boolean;
  /** Whether its firmware starts only what is signed. */
  readonly isSecure: boolean;
}

/** The console of a guest, of which everything is kept in a file or read with every call. */
export class GuestConsole {
  readonly #read: () => string;

  /** @param source the file, which need not be there yet, or what gives all that was shown so far */
  constructor(source: string | (() => string)) {
    this.#read = typeof source === 'function' ? source : () => (existsSync(source) ? readFileSync(source, 'utf8') : '');
  }

  get text(): string {
    return this.#read();
  }

  /** Of every start, the oldest first. */
  get reports(): readonly GuestReport[] {
    return this.text
      .replaceAll('\r', '')
      .split(/^(?=zenova image: )/m)
      .filter((text) => text.startsWith('zenova image: '))
      .map(reportOf);
  }

  /** @returns what the guest told at its latest start, as soon as `isReached` says so of it */
  async until(
    isReached: (report: GuestReport) => boolean,
    what: string,
    withinMs = STARTS_WITHIN_MS,
  ): Promise<GuestReport> {
    const reached = (): GuestReport | undefined => {
      const report = this.reports.at(-1);
      return report !== undefined && isReached(report) ? report : undefined;
    };
    return await eventually(reached, () => `${what}; the end of its console:\n${this.text.slice(-2_000)}`, withinMs);
  }

  /** @param start the number of the start: 2 after a restart */
  async ready(start = 1): Promise<GuestReport> {
    return await this.until(({ isReady }) => isReady && this.reports.length >= start, `start ${start} of the guest`);
  }
}

function reportOf(text: string): GuestReport {
  const all = (pattern: RegExp): RegExpExecArray[] => matchesIn(text, pattern);
  const last = (pattern: RegExp): RegExpExecArray | undefined => all(pattern).at(-1);
  const has = (line: string): boolean => text.split('\n').includes(line);
  // A guest that is asked tells again what it has.
  const latest = text.slice(Math.max(0, text.lastIndexOf('\nzenova machine: ')));
  const now = (pattern: RegExp): RegExpExecArray[] => matchesIn(latest, pattern);

  const up = last(/^zenova guest up: (\S+) (\S+)$/);
  const machine = last(
    /^zenova machine: firmware=(bios|uefi|ipl) cpus=(\d+) memory_kib=(\d+) tpm=(yes|no) secure_boot=(yes|no)$/,
  );
  const data = last(/^zenova data: (\S+) boots=(\d+)$/);
  return {
    text,
    image: last(/^zenova image: (\S+)$/)?.[1] ?? '',
    isRescue: has('zenova rescue'),
    arch: up?.[1],
    kernel: up?.[2],
    isReady: has('zenova guest ready'),
    isDown: has('zenova guest down'),
    machine: machine && {
      firmware: machine[1] as GuestMachine['firmware'],
      cpus: Number(machine[2]),
      memoryKib: Number(machine[3]),
      hasTpm: machine[4] === 'yes',
      isSecure: machine[5] === 'yes',
    },
    loadparm: last(/^zenova loadparm: (.*?) *$/)?.[1],
    nics: now(/^zenova nic: (\S+) (\S+)$/).map(([, name = '', mac = '']) => ({ name, mac })),
    addresses: all(/^zenova address: (.*)$/).map(([, address = '']) => address),
    disks: now(/^zenova disk: (\S+) (\d+) (.+)$/).map(([, name = '', bytes, serial]) => ({
      name,
      bytes: Number(bytes),
      serial: serial === '-' ? undefined : serial,
    })),
    data: data && { device: data[1] ?? '', boots: Number(data[2]) },
    seed: has('zenova seed end')
      ? Object.fromEntries(
          all(/^zenova seed file: (.+) (\S*)$/).map(([, path, content = '']) => [
            path ?? '',
            Buffer.from(content, 'base64').toString('utf8'),
          ]),
        )
      : undefined,
    hasAgent: last(/^zenova agent: /) !== undefined,
    passwords: all(/^zenova password: (.*)$/).map(([, user = '']) => user),
    isBusy: last(/^zenova busy: /) !== undefined,
    heard: all(/^heard: (.*)$/).map(([, line = '']) => line),
  };
}

/** Of a line each. */
function matchesIn(text: string, pattern: RegExp): RegExpExecArray[] {
  return text
    .split('\n')
    .map((line) => pattern.exec(line))
    .filter((match) => match !== null);
}
