import { already, answered, ensure, hasFields, planned } from '../../checks.js';
import type { FeatureScenario } from '../../scenario.js';
import type { MachineRef, PowerSubject } from '../../subject.js';
import { isSwitched } from './switching.js';

type Power = FeatureScenario<PowerSubject>;
type Device = 'network' | 'disk';

const METHOD = 'power.set_boot_device';
const to = (type: Device): object => ({ boot_device: { type } });

/** What is asked of a power type that says what a machine starts from. */
export const bootDeviceScenarios: readonly Power[] = [
  effect('effect', 'off', 'network', 'lets a machine that is off start from its network, and leaves it off'),
  effect('disk', 'off', 'disk', 'lets it start from its disk'),
  effect('running', 'on', 'network', 'leaves a machine running that runs'),
  {
    word: 'restart',
    title: 'switches it off before and on afterwards, when that is asked for',
    async run(subject) {
      const machine = await subject.bootable('on');
      const before = subject.wire.changes().length;
      const answer = await answered(subject, METHOD, { ...machine, ...to('network'), restart: true });
      const sent = subject.wire.changes().slice(before);
      ensure(sent.length >= 3, 'no-effect', `an off, a setting and an on; sent were: ${sent.join(', ') || 'none'}`);
      await startsFrom(subject, machine, 'network');
      await isSwitched(subject, machine, 'on');
      hasFields(answer, { outcome: 'done', state: 'on' }, METHOD);
    },
  },
  {
    word: 'again',
    title: 'says "already" of what a machine starts from anyway, and sends no command',
    async run(subject) {
      const machine = await subject.bootable('off');
      await answered(subject, METHOD, { ...machine, ...to('network') });
      await already(subject, METHOD, { ...machine, ...to('network') }, { state: 'off' });
      await startsFrom(subject, machine, 'network');
    },
  },
  {
    word: 'plan',
    title: 'says what it would do, and sends no command',
    async run(subject) {
      const machine = await subject.bootable('on');
      const before = await subject.startsFrom(machine);
      await planned(subject, METHOD, { ...machine, ...to('network'), restart: true });
      ensure(
        (await subject.startsFrom(machine)) === before,
        'wrong-effect',
        'a plan must not change what it starts from',
      );
    },
  },
];

function effect(word: string, state: 'on' | 'off', device: Device, title: string): Power {
  return {
    word,
    title,
    async run(subject) {
      const machine = await subject.bootable(state);
      // Where it does so anyway, nothing would be seen.
      if ((await subject.startsFrom(machine)) === device) {
        await answered(subject, METHOD, { ...machine, ...to(device === 'disk' ? 'network' : 'disk') });
      }
      const answer = await answered(subject, METHOD, { ...machine, ...to(device) });
      await startsFrom(subject, machine, device);
      await isSwitched(subject, machine, state);
      hasFields(answer, { outcome: 'done', state }, METHOD);
    },
  };
}

async function startsFrom(subject: PowerSubject, machine: MachineRef, device: Device): Promise<void> {
  const there = await subject.startsFrom(machine);
  ensure(there === device, 'no-effect', `its controller has to start it from its ${device}, not from ${String(there)}`);
}
