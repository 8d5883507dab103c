import { describe, expect, test } from '@jest/globals';
import { failureOf } from './libvirt-failure.js';
import { ProgramDomains } from './program-domains.js';
import { VirshProgram, type RunCommand } from './virsh-program.js';

const a = '00000000-0000-0000-0000-00000000000a';
const b = '00000000-0000-0000-0000-00000000000b';

/** A host whose `virsh` prints this for each of its commands. */
function host(printed: readonly string[], { uri = 'qemu+ssh://kvm1/system', noise = '' } = {}) {
  const commands: string[] = [];
  const run: RunCommand = async (command) => {
    commands.push(command);
    const marks = [...command.matchAll(/echo ([0-9a-f]{24})/g)].map(([, mark]) => mark);
    const output = noise + marks.map((mark, index) => `${mark}${printed[index] ?? ''}`).join('');
    return { status: 0, output, complaint: '' };
  };
  const program = new VirshProgram({ uri, requestTimeoutMs: 1000 }, run);
  return { commands, domains: new ProgramDomains(program, new AbortController().signal) };
}

describe('domains by the program virsh', () => {
  const listed = `${a} 3                             \n${b} it's Domain: 'x'\n`;
  const states = [
    "Domain: '3'\n  state.state=1\n  state.reason=1\n\n",
    "Domain: 'it's Domain: 'x''\n  state.state=5\n  state.reason=5\n\n",
  ].join('');

  test('are listed, whatever their names are, and whatever the shell says by itself', async () => {
    const { domains, commands } = host([listed, states, `${b}\n`], { noise: 'Welcome to kvm1!\n' });
    const all = [
      { name: '3', uuid: a, state: 1, reason: 1, hasSavedMemory: false },
      { name: "it's Domain: 'x'", uuid: b, state: 5, reason: 5, hasSavedMemory: true },
    ];
    expect(await domains.list()).toEqual(all);
    expect(await domains.find('3')).toEqual(all[0]);
    expect(await domains.find(b.toUpperCase())).toEqual(all[1]);
    expect(await domains.find('x')).toBeUndefined();
    expect(commands[0]).toMatch(/^env LC_ALL=C virsh -q --connect='qemu\+unix:\/\/\/system' '/);
  });

  test('are found on a daemon, and not in the program itself', async () => {
    const { domains, commands } = host(['<capabilities/>'], {
      uri: 'test+ssh://kvm1/default?socket=/run/x&mode=legacy',
    });
    await domains.capabilities();
    expect(commands[0]).toContain("--connect='test+unix:///default?socket=/run/x&mode=legacy'");
  });

  test.each(['3', "x'; reboot; '", `${a}; destroy ${b}`, '--all', ''])('are never named by %j', async (uuid) => {
    const { domains, commands } = host([]);
    const failed = async (work: Promise<unknown>) => failureOf(await work.catch((error: unknown) => error));
    expect(await failed(domains.destroy(uuid, 1000))).toMatchObject({ isNotThere: true, mayHaveRun: false });
    expect(await failed(domains.status(uuid))).toMatchObject({ isNotThere: true });
    expect(await failed(domains.definition(uuid))).toMatchObject({ isNotThere: true });
    expect(commands).toEqual([]);
  });

  test('that are only named like a UUID are not taken for it', async () => {
    const { domains } = host([`<domain><name>${a}</name><uuid>${b}</uuid></domain>`]);
    const failure = await domains.definition(a).catch((error: unknown) => error);
    expect(failureOf(failure)).toMatchObject({ missing: 'domain' });
  });

  test.each([
    ['list', ['no list', '', '']],
    ['list', [listed, "Domain: '3'\n  state=running\n", '']],
    ['status', ['3\n', 'nothing', '']],
    ['hypervisor', ['kvm1\n', 'no version', 'no node']],
  ] as const)('that cannot be read are a failure: %s %j', async (method, printed) => {
    const { domains } = host(printed);
    const failure = await (method === 'status' ? domains.status(a) : domains[method]()).catch(
      (error: unknown) => error,
    );
    expect(failureOf(failure)).toMatchObject({ way: 'unreadable', isTransient: true });
  });
});
