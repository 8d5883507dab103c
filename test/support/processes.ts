import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Process ids of everything that carries a text in its command line or environment, a private server and its helpers. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text));
    } catch {
      return false; // gone, or not ours to read
    }
  });
}

/** What every user of the machine can read of a process and of all that it starts, until it ends. */
export async function commandLinesOf(child: ChildProcess): Promise<string> {
  const { pid } = child;
  if (pid === undefined) throw new Error('it was not started');
  const seen = new Set<string>();
  while (child.exitCode === null && child.signalCode === null) {
    for (const each of familyOf(pid)) seen.add(textOf(`/proc/${each}/cmdline`).replaceAll('\0', ' '));
    await delay(5);
  }
  return [...seen].join('\n');
}

function familyOf(pid: number): number[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // gone
  }
}
