import { ComputeError } from '../../common/errors/index.js';
import type { FakeSite } from './fake-site.js';
import { instanceWork, type FakeChange } from './fake-work.js';

/** Marks instances as ours, and takes the mark away. */
export function fakeOwnership(site: FakeSite) {
  const adopt: FakeChange<object> = {
    doing: ({ name }) => `marking ${name} as ours`,
    isSo: ({ isOurs }) => isOurs,
    check(_ctx, { name }) {
      if (!site.settings.locked.includes(name)) return;
      throw new ComputeError('STATE_CONFLICT', `somebody else has locked ${name}`);
    },
    apply(instance) {
      instance.isOurs = true;
    },
  };
  const release: FakeChange<object> = {
    doing: ({ name }) => `taking our mark off ${name}`,
    isSo: ({ isOurs }) => !isOurs,
    check: () => undefined,
    apply(instance) {
      instance.isOurs = false;
    },
  };
  return { adopt: instanceWork(site, 'adopt', adopt), release: instanceWork(site, 'release', release) };
}
