import type { ChangeParams } from '../../compute/contract/index.js';
import { ComputeError } from '../../common/errors/index.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { instanceWork, requireState, type FakeChange } from './fake-work.js';

/** What reaches into the guest. Every guest has an agent, unless its instance was made without. */
export function fakeGuest(site: FakeSite) {
  const quiesce: FakeChange<object> = {
    doing: ({ name }) => `holding the file systems of ${name}`,
    isSo: ({ isQuiesced }) => isQuiesced,
    check: (_ctx, instance) => requireAgent(instance),
    apply(instance, _params, _found, now) {
      instance.isQuiesced = true;
      instance.write(now, 'file systems are held');
    },
  };

  const unquiesce: FakeChange<object> = {
    doing: ({ name }) => `letting the file systems of ${name} go on`,
    isSo: ({ isQuiesced }) => !isQuiesced,
    check: (_ctx, instance) => requireAgent(instance),
    apply(instance, _params, _found, now) {
      instance.isQuiesced = false;
      instance.write(now, 'file systems go on');
    },
  };

  // Whether it is the password that the account has, nobody can tell: it is set once more.
  const setAdminPassword: FakeChange<ChangeParams<'setAdminPassword'>> = {
    doing: ({ name }, { user = 'root' }) => `setting the password of ${user} in ${name}`,
    isSo: () => false,
    check: (_ctx, instance) => requireAgent(instance),
    apply(instance, { user = 'root' }, _found, now) {
      const { guest } = instance.hardware;
      instance.hardware = { ...instance.hardware, guest: { ...guest, admin_password_set: true } };
      instance.write(now, `the password of ${user} was changed`);
    },
  };

  const triggerCrashDump: FakeChange<object> = {
    doing: ({ name }) => `making ${name} dump its memory`,
    isSo: () => false,
    check: (_ctx, instance) => requireState(instance, ['running', 'paused']),
    apply(instance, _params, _found, now) {
      instance.crashDumps += 1;
      instance.write(now, 'kernel: NMI received, memory was dumped');
    },
  };

  const sendConsoleCommand: FakeChange<ChangeParams<'sendConsoleCommand'>> = {
    doing: ({ name }) => `sending a line to the console of ${name}`,
    isSo: () => false,
    check: (_ctx, instance) => requireState(instance, ['running']),
    apply: (instance, { command }, _found, now) => instance.write(now, `> ${command}`),
  };

  return {
    quiesce: instanceWork(site, 'quiesce', quiesce),
    unquiesce: instanceWork(site, 'unquiesce', unquiesce),
    setAdminPassword: instanceWork(site, 'setAdminPassword', setAdminPassword),
    triggerCrashDump: instanceWork(site, 'triggerCrashDump', triggerCrashDump),
    sendConsoleCommand: instanceWork(site, 'sendConsoleCommand', sendConsoleCommand),
  };
}

/** @throws ComputeError STATE_CONFLICT when there is nobody in the guest to ask */
export function requireAgent(instance: FakeInstance): void {
  requireState(instance, ['running']);
  if (instance.hardware.has_agent) return;
  throw new ComputeError('STATE_CONFLICT', `there is no agent in the guest of ${instance.name}`);
}
