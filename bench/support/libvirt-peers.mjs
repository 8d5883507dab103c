import { runCommand } from './command.mjs';

/** Debian's python3-libvirt and the virsh program, as people ask a daemon with them. */

/** Medians, in microseconds, of expressions about `c`, a connection, that one Python process works out so many times each. */
export async function byPython(uri, { prepare = '', expressions, count }) {
  const program = [
    'import json, libvirt, statistics, time',
    `c = libvirt.open(${JSON.stringify(uri)})`,
    prepare,
    'medians = []',
    ...expressions.flatMap((expression) => [
      'times = []',
      `for _ in range(${count}):`,
      '    began = time.perf_counter()',
      `    ${expression}`,
      '    times.append((time.perf_counter() - began) * 1e6)',
      'medians.append(statistics.median(times))',
    ]),
    'print(json.dumps(medians))',
  ].join('\n');
  return JSON.parse((await succeeded('/usr/bin/python3', ['-c', program])).output);
}

/** One process of virsh, in microseconds. */
export async function byVirsh(uri, ...args) {
  return (await succeeded('virsh', ['--quiet', '--connect', uri, ...args])).ms * 1000;
}

async function succeeded(program, args) {
  const result = await runCommand(program, args);
  if (result.status !== 0) throw new Error(`${program} ended with status ${result.status}: ${result.errors}`);
  return result;
}
