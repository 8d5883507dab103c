import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private OpenSSH server (scripts/sshd.mjs). */
export interface Sshd {
  readonly port: number;
  readonly dataDir: string;
  readonly publicHostKeys: readonly string[];
  pid(): number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly hostKeys?: readonly string[];
  readonly authorizedKeys?: readonly string[];
  /** Further lines of its sshd_config. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Directories that its commands see under /run, by name. */
  readonly runtime?: Readonly<Record<string, string>>;
}

export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const script = new URL('../../../../scripts/sshd.mjs', import.meta.url).href;
  const { startSshd: start } = (await import(script)) as { startSshd: (how: SshdOptions) => Promise<Sshd> };
  return start(options);
}

/** A key of a user, in a file. */
export interface UserKey {
  readonly file: string;
  readonly publicKey: string;
}

/** Keys and known hosts of a test, in a directory of their own. */
export class SshFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'node-libvirt-ssh-'));

  key(name: string, { type = 'ed25519', passphrase = '' } = {}): UserKey {
    const file = join(this.path, name);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', file]);
    return { file, publicKey: readFileSync(`${file}.pub`, 'utf8').trim() };
  }

  /** A known_hosts file with these lines. */
  knownHosts(name: string, ...lines: string[]): string {
    const file = join(this.path, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
