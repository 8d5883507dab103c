import type { RebootParams, SoftOffParams } from '../../compute/contract/index.js';
import type { InstancePowerState } from '../../compute/state/power-state.js';
import { transitionTo, type FakeSite } from './fake-site.js';
import { instanceWork, requireState, type FakeChange } from './fake-work.js';

/** What switches instances on and off, and keeps their memory. */
export function fakePower(site: FakeSite) {
  return {
    powerOn: instanceWork(
      site,
      'powerOn',
      entering('running', ['shutdown', 'crashed', 'suspended', 'nostate'], 'starting'),
    ),
    powerOff: instanceWork(
      site,
      'powerOff',
      entering('shutdown', ['running', 'paused', 'crashed', 'suspended', 'nostate'], 'stopping'),
    ),
    reboot: instanceWork(site, 'reboot', rebooting),
    softOff: instanceWork(site, 'softOff', shuttingDown),
    reset: instanceWork(site, 'reset', resetting),
    pause: instanceWork(site, 'pause', entering('paused', ['running'], 'pausing')),
    unpause: instanceWork(site, 'unpause', entering('running', ['paused'], 'unpausing')),
    suspend: instanceWork(site, 'suspend', entering('suspended', ['running', 'paused'], 'suspending')),
    resume: instanceWork(site, 'resume', entering('running', ['suspended'], 'resuming')),
  };
}

/** @param from states that it starts from; others are STATE_CONFLICT */
function entering(to: InstancePowerState, from: readonly InstancePowerState[], doing: string): FakeChange<object> {
  return {
    doing: ({ name }) => `${doing} ${name}`,
    isSo: ({ state }) => state === to,
    check: (_ctx, instance) => requireState(instance, from),
    transition: transitionTo(to),
    apply: (instance, _params, _found, now) => instance.enter(to, now),
  };
}

/** A guest that runs obeys at once; any other one hears nothing. */
const rebooting: FakeChange<RebootParams> = {
  ...entering('running', [], 'rebooting'),
  isSo: () => false,
  check: (_ctx, instance, { type, force = false }) =>
    requireState(
      instance,
      type === 'soft' && !force ? ['running', 'shutdown'] : ['running', 'shutdown', 'crashed', 'paused'],
    ),
  apply(instance, _params, _found, now) {
    instance.enter('shutdown', now);
    instance.enter('running', now);
  },
};

/** As with a soft reboot. */
const shuttingDown: FakeChange<SoftOffParams> = {
  ...entering('shutdown', [], 'shutting down'),
  check: (_ctx, instance, { force = false }) =>
    requireState(instance, force ? ['running', 'paused', 'crashed', 'suspended', 'nostate'] : ['running']),
};

const resetting: FakeChange<object> = {
  doing: ({ name }) => `resetting ${name}`,
  isSo: () => false,
  check: (_ctx, instance) => requireState(instance, ['running']),
  apply: (instance, _params, _found, now) => instance.enter('running', now),
};
