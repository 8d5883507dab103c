import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

/** Debian's own, which has cloud-init's modules. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = new URL('cloud-init.py', import.meta.url).pathname;

/** The real cloud-init, asked what it makes of a seed. Nothing of this machine is changed. */
export const cloudInit = {
  /** Reads a seed as the datasource NoCloud does. */
  read: (url: string) =>
    ask<{ metadata: Record<string, unknown>; user_data: string; vendor_data: string; network: unknown[] }>({
      do: 'read',
      url,
    }),

  /** Reads a seed from the files in the root directory of a medium. */
  medium: (files: ReadonlyMap<string, Buffer>) =>
    inDirectory((directory) => {
      for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes);
      return ask<{ metadata: object; user_data: string; network: object | null }>({ do: 'medium', directory });
    }),

  /** Takes user data apart, and merges all cloud-config in it. */
  userData: (userData: string) =>
    inDirectory((paths) =>
      ask<{ parts: { type: string; text: string }[]; config: Record<string, unknown> | null }>({
        do: 'user-data',
        text: userData,
        paths,
      }),
    ),

  /** What a kernel's parameters say to NoCloud. */
  cmdline: (parameters: string) =>
    ask<{ claimed: boolean; metadata: Record<string, unknown> }>({ do: 'cmdline', text: parameters }),

  /** Holds cloud-config against its schema; rejects with what is wrong. */
  checkConfig: (config: string) =>
    inDirectory(async (directory) => {
      const file = join(directory, 'user-data');
      writeFileSync(file, config);
      const { stdout } = await run('cloud-init', ['schema', '--config-file', file]);
      return stdout;
    }),

  /** The files that a network configuration becomes, by their paths in the guest. */
  network: (config: string, distribution: 'ubuntu' | 'debian' | 'rhel', kind: 'netplan' | 'eni' | 'sysconfig') =>
    inDirectory(async (directory) => {
      const file = join(directory, 'network-config');
      const target = join(directory, 'root');
      writeFileSync(file, config);
      const args = ['devel', 'net-convert', '--network-data', file, '--kind', 'yaml', '--directory', target];
      await run('cloud-init', [...args, '--distro', distribution, '--output-kind', kind]);
      const entries = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return new Map(
        entries.map(({ parentPath, name }) => {
          const path = join(parentPath, name);
          return [path.slice(target.length), readFileSync(path, 'utf8')];
        }),
      );
    }),
};

const run = promisify(execFile);

async function ask<Answer>(request: object): Promise<Answer> {
  const child = spawn(PYTHON, [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined).end(`${JSON.stringify(request)}\n`);
  const [answer, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (answer === '') throw new Error(`cloud-init did not answer:\n${said}`);
  return JSON.parse(answer) as Answer;
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'zenova-cloud-init-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
