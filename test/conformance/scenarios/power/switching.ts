import { already, answered, ensure, hasFields, ifOffered, planned, refused, unchanged } from '../../checks.js';
import type { FeatureScenario } from '../../scenario.js';
import type { MachineRef, PowerSubject } from '../../subject.js';

type Power = FeatureScenario<PowerSubject>;
type Switched = 'on' | 'off';
type PlannedVerb = `power.${'on' | 'off' | 'cycle' | 'soft_off' | 'reset'}`;

/** What is asked of a verb that brings a machine to a state. */
export function switchScenarios(method: 'power.on' | 'power.off', to: Switched): Power[] {
  const from = to === 'on' ? 'off' : 'on';
  return [
    {
      word: 'effect',
      title: `switches a machine ${to}, as its controller and power.query tell`,
      async run(subject) {
        const machine = await subject.machine(from);
        const answer = await answered(subject, method, machine);
        await isSwitched(subject, machine, to, from);
        hasFields(answer, { outcome: 'done', state: to, transition: null }, method);
        ensure(typeof answer['operation_id'] === 'string', 'wrong-answer', `${method} names no operation`);
      },
    },
    {
      word: 'again',
      title: `says "already" of a machine that is ${to}, and sends no command`,
      async run(subject) {
        const machine = await subject.machine(to);
        await already(subject, method, machine, { state: to });
        await isSwitched(subject, machine, to);
      },
    },
    planScenario(method, from),
  ];
}

export const cycleScenarios: readonly Power[] = [
  {
    word: 'effect',
    title: 'switches a machine off and on',
    async run(subject) {
      const machine = await subject.machine('on');
      const before = subject.wire.changes().length;
      const answer = await answered(subject, 'power.cycle', machine);
      const sent = subject.wire.changes().slice(before);
      ensure(sent.length >= 2, 'no-effect', `a cycle is an off and an on; sent were: ${sent.join(', ') || 'none'}`);
      await isSwitched(subject, machine, 'on');
      hasFields(answer, { outcome: 'done', state: 'on' }, 'power.cycle');
    },
  },
  {
    word: 'from-off',
    title: 'switches a machine on that is off',
    async run(subject) {
      const machine = await subject.machine('off');
      const answer = await answered(subject, 'power.cycle', machine);
      await isSwitched(subject, machine, 'on', 'off');
      hasFields(answer, { outcome: 'done', state: 'on' }, 'power.cycle');
    },
  },
  planScenario('power.cycle', 'on'),
];

export const softOffScenarios: readonly Power[] = [
  {
    word: 'effect',
    title: 'lets the operating system shut a machine down, and says so once it has',
    async run(subject) {
      const machine = await subject.listening();
      const answer = await answered(subject, 'power.soft_off', machine);
      await isSwitched(subject, machine, 'off', 'on');
      hasFields(answer, { outcome: 'done', state: 'off', transition: null }, 'power.soft_off');
    },
  },
  {
    word: 'again',
    title: 'says "already" of a machine that is off, and sends no command',
    async run(subject) {
      const machine = await subject.machine('off');
      await already(subject, 'power.soft_off', machine, { state: 'off' });
    },
  },
  {
    word: 'deaf',
    title: 'leaves a machine on whose operating system does not shut down in time, and says so',
    async run(subject) {
      const machine = await subject.machine('on');
      await refused(subject, 'power.soft_off', { ...machine, within_s: 1 }, 'OPERATION_FAILED');
      await isSwitched(subject, machine, 'on', 'off');
    },
  },
  {
    word: 'force',
    title: 'switches such a machine off, hard, where that is asked for',
    async run(subject) {
      const machine = await subject.machine('on');
      const answer = await answered(subject, 'power.soft_off', { ...machine, within_s: 1, force: true });
      await isSwitched(subject, machine, 'off', 'on');
      hasFields(answer, { outcome: 'done', state: 'off' }, 'power.soft_off');
    },
  },
  planScenario('power.soft_off', 'on'),
];

export const resetScenarios: readonly Power[] = [
  {
    word: 'effect',
    title: 'resets a running machine with one command, and it stays on',
    async run(subject) {
      const machine = await subject.machine('on');
      const before = subject.wire.changes().length;
      const answer = await answered(subject, 'power.reset', machine);
      const sent = subject.wire.changes().slice(before);
      ensure(sent.length === 1, 'no-effect', `a reset is one command; sent were: ${sent.join(', ') || 'none'}`);
      await isSwitched(subject, machine, 'on', 'off');
      hasFields(answer, { outcome: 'done', state: 'on' }, 'power.reset');
    },
  },
  {
    word: 'from-off',
    title: 'refuses a machine that is off, and leaves it so',
    async run(subject) {
      const machine = await subject.machine('off');
      await unchanged(subject, 'a reset of a machine that is off', () =>
        refused(subject, 'power.reset', machine, 'STATE_CONFLICT'),
      );
      await isSwitched(subject, machine, 'off', 'on');
    },
  },
  planScenario('power.reset', 'on'),
];

export const queryScenarios: readonly Power[] = [
  {
    word: 'states',
    title: 'tells whether a machine is on or off, and changes nothing',
    async run(subject) {
      for (const state of ['on', 'off'] as const) {
        const machine = await subject.machine(state);
        const answer = await unchanged(subject, 'power.query', () => answered(subject, 'power.query', machine));
        hasFields(answer, { state, transition: null }, 'power.query');
      }
    },
  },
  {
    word: 'unknown',
    title: 'answers unknown, never off, when its controller does not tell',
    async run(subject) {
      const machine = await subject.machine('unknown');
      hasFields(await answered(subject, 'power.query', machine), { state: 'unknown' }, 'power.query');
    },
  },
];

function planScenario(method: PlannedVerb, from: Switched): Power {
  return {
    word: 'plan',
    title: 'says what it would do, and sends no command',
    async run(subject) {
      const machine = await subject.machine(from);
      await planned(subject, method, machine);
      await isSwitched(subject, machine, from);
    },
  };
}

/** Looks at a machine at its controller, and through `power.query` where there is one. */
export async function isSwitched(
  subject: PowerSubject,
  machine: MachineRef,
  state: Switched,
  was?: Switched,
): Promise<void> {
  const there = await subject.atBackend(machine);
  ensure(
    there === state,
    there === was ? 'no-effect' : 'wrong-effect',
    `the controller has to have the machine ${state}; there it is ${there}`,
  );
  const seen = await ifOffered(subject, 'power.query', machine);
  if (seen !== undefined) hasFields(seen, { state }, 'power.query', 'contradiction');
}
