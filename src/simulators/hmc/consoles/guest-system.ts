/** What an operating system does to the partition that it runs in. */
export type GuestEnd = 'halted' | 'rebooted' | 'crashed';

/** What a command prints, and what comes of it. */
export interface CommandResult {
  readonly lines: readonly string[];
  readonly end?: GuestEnd;
}

/** What an operating system knows of the machine under it. */
export interface GuestFacts {
  readonly hostName: string;
  readonly kernelParameters: string;
  readonly processors: number;
  readonly memoryMib: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An operating system as one sees it on a console. */
export interface GuestSystem {
  readonly loginPrompt: string;
  readonly shellPrompt: string;
  /** What it writes when it starts. */
  bootLines(): readonly string[];
  run(command: string): CommandResult;
}

const KERNEL = '6.8.0-45-generic';

/** Enough of a Linux to be recognised as one. */
export class TinyLinux implements GuestSystem {
  readonly #startedMs: number;

  constructor(private readonly facts: GuestFacts) {
    this.#startedMs = facts.now();
  }

  get loginPrompt(): string {
    return `${this.facts.hostName} login: `;
  }

  get shellPrompt(): string {
    return `root@${this.facts.hostName}:~# `;
  }

  bootLines(): readonly string[] {
    const { hostName, kernelParameters, processors, memoryMib } = this.facts;
    return [
      `[    0.000000] Linux version ${KERNEL} (s390x)`,
      '[    0.000000] setup: Linux is running natively in 64-bit mode',
      `[    0.000000] Kernel command line: ${kernelParameters}`.trimEnd(),
      `[    0.012345] smp: Brought up 1 node, ${processors} CPUs`,
      `[    0.023456] Memory: ${memoryMib * 1024}K available`,
      '[    1.234567] systemd[1]: Reached target multi-user.target - Multi-User System.',
      '',
      `${hostName} login: `,
    ];
  }

  run(command: string): CommandResult {
    const [program = '', ...words] = command.trim().split(/\s+/);
    if (program === '') return { lines: [] };
    const end = endOf(program, words);
    if (end !== null) return { lines: this.#endLines(end), end };
    const lines = this.#answers()[program]?.(words);
    return { lines: lines ?? [`-bash: ${program}: command not found`] };
  }

  #answers(): Partial<Record<string, (words: readonly string[]) => readonly string[]>> {
    const { hostName, kernelParameters, processors, now } = this.facts;
    return {
      date: () => [dateText(now())],
      hostname: () => [hostName],
      whoami: () => ['root'],
      pwd: () => ['/root'],
      true: () => [],
      echo: (words) => [words.join(' ')],
      nproc: () => [String(processors)],
      uname: ([option]) => [unameText(option, hostName)],
      uptime: () => [`up ${Math.floor((now() - this.#startedMs) / 60_000)} minutes`],
      cat: ([file = '']) => {
        if (file === '/proc/cmdline') return [kernelParameters];
        if (file === '/etc/hostname') return [hostName];
        return [`cat: ${file}: No such file or directory`];
      },
    };
  }

  #endLines(end: GuestEnd): readonly string[] {
    switch (end) {
      case 'halted':
        return ['[  OK  ] Reached target poweroff.target - System Power Off.', 'reboot: System halted'];
      case 'rebooted':
        return ['[  OK  ] Reached target reboot.target - System Reboot.', 'reboot: Restarting system'];
      case 'crashed':
        return ['sysrq: Trigger a crash', 'Kernel panic - not syncing: sysrq triggered crash'];
    }
  }
}

/** Enough of the control program of z/VM. */
export class TinyZvm implements GuestSystem {
  readonly shellPrompt = '';

  constructor(private readonly facts: GuestFacts) {}

  get loginPrompt(): string {
    return `z/VM ONLINE  ${this.facts.hostName}  LOGON: `;
  }

  bootLines(): readonly string[] {
    return ['HCPWRS2512I Spooling initialization is complete.', `z/VM V7 R3.0  ${this.facts.hostName}  IPL complete`];
  }

  run(command: string): CommandResult {
    const words = command.trim().toUpperCase().split(/\s+/);
    const [name = '', object = ''] = words;
    if (name === '') return { lines: [] };
    if (name === 'SHUTDOWN') {
      const end = words.includes('REIPL') ? 'rebooted' : 'halted';
      return { lines: ['HCPSHU960I System shutdown may be delayed', 'HCPSHU2087I SHUTDOWN complete'], end };
    }
    if (/^Q(UERY)?$/.test(name) && object === 'TIME') return { lines: [`TIME IS ${dateText(this.facts.now())}`] };
    if (/^Q(UERY)?$/.test(name) && object === 'NAMES') return { lines: ['OPERATOR - DSC, MAINT - DSC'] };
    return { lines: [`HCPCMD001E Unknown CP command: ${name}`] };
  }
}

/** What a command line of Linux does to the machine; null: nothing. */
function endOf(program: string, words: readonly string[]): GuestEnd | null {
  const line = [program, ...words].join(' ');
  if (/^echo c > ?\/proc\/sysrq-trigger$/.test(line)) return 'crashed';
  if (/^(reboot|systemctl reboot|shutdown( now)? -r( now)?)$/.test(line)) return 'rebooted';
  if (/^(poweroff|halt|systemctl (poweroff|halt)|shutdown( now)?( -[hPH])?( now)?)$/.test(line)) return 'halted';
  return null;
}

function unameText(option: string | undefined, hostName: string): string {
  if (option === '-a') return `Linux ${hostName} ${KERNEL} #45-Ubuntu SMP s390x GNU/Linux`;
  if (option === '-r') return KERNEL;
  return option === '-m' ? 's390x' : 'Linux';
}

/** As `date` prints it: `Fri Nov 27 18:22:28 UTC 2026`. */
function dateText(ms: number): string {
  const [weekday = '', day, month, year, time] = new Date(ms).toUTCString().split(' ');
  return `${weekday.replace(',', '')} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`;
}
