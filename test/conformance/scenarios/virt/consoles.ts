import { answered, ensure, hasFields, text } from '../../checks.js';
import type { Answer } from '../../subject.js';
import type { Virt } from './spawning.js';
import { needsGuest, nobody } from './state-changes.js';

const LOG = 'compute.get_console_log';
const CONSOLE = 'compute.get_console';

/** What is asked of every type of console. */
export function consoleScenarios(type: 'serial' | 'vnc' | 'spice' | 'rdp'): readonly Virt[] {
  return [
    {
      word: 'effect',
      title: 'tells where the console of a running instance is, to each caller apart',
      async run(subject) {
        const { host } = subject;
        const instance = await subject.instance('running');
        const consoles: Answer[] = [];
        for (const _caller of [1, 2]) {
          const access = await answered(subject, CONSOLE, { host, instance, type });
          hasFields(access, { type }, CONSOLE);
          const { url, host: at, port } = access;
          const isAddress = typeof url === 'string' ? URL.canParse(url) : typeof at === 'string' && Number(port) > 0;
          ensure(isAddress, 'wrong-answer', `${text(access)} is no address of a console`);
          const end = access['expires_at'] as string | null;
          ensure(end === null || Date.parse(end) > Date.now(), 'wrong-answer', 'the console is over already');
          consoles.push(access);
        }
        // Where the backend asks for nothing, nothing is given.
        const secrets = consoles.map(({ url, password }) => url ?? password);
        ensure(
          secrets[0] === null || secrets[0] !== secrets[1],
          'wrong-answer',
          'two callers are given the same access',
        );
      },
    },
    needsGuest(CONSOLE, { type }),
    nobody(CONSOLE, { type }),
  ];
}

export const consoleLogScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'tells what the guest has written to its console, the newest last',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('running', 'with-guest');
      for (const line of ['one of three', 'two of three', 'three of three'])
        await subject.writeToConsole(instance, line);
      const { log } = await answered(subject, LOG, { host, instance });
      const order = ['one', 'two', 'three'].map((word) => String(log).indexOf(`${word} of three`));
      ensure(
        order.every((at, i) => at >= 0 && at > (order[i - 1] ?? -1)),
        'no-effect',
        `the log is ${text(log)}`,
      );
      const tail = await answered(subject, LOG, { host, instance, tail_lines: 1 });
      const lines = String(tail['log']).split('\n').filter(Boolean);
      ensure(lines.length === 1, 'wrong-answer', `one line was asked for; it has ${lines.length}`);
      ensure(lines[0]?.includes('three of three') === true, 'wrong-answer', `the last line is ${text(lines[0])}`);
      hasFields(tail, { cut: true }, LOG);
    },
  },
  nobody(LOG),
];
