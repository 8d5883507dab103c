import { domainUndefineFlags, DomainUndefineFlagsValues } from 'node-libvirt';
import { makeSo } from '../../../kit/index.js';
import { isHeldForMove, isOff } from '../../mapping/whereabouts.js';
import type { MoveChange } from './move-change.js';

/** Removes what is left of a domain at the host that it came from, where it does not run. */
export async function removeHere(change: MoveChange): Promise<void> {
  const { label, domains, uuid, ref } = change;
  await makeSo(change, {
    step: 'end-here',
    noun: 'end of the process that had stopped for the move',
    doing: `ending what was left of ${label}`,
    isSo: async () => {
      const status = await change.lookIfThere();
      return status === undefined || isOff(status);
    },
    send: async (timeoutMs) => {
      await domains.destroy(uuid, timeoutMs);
      return true;
    },
  });
  await makeSo(change, {
    step: 'undefine-here',
    noun: 'removal of the definition that was left',
    doing: `removing the definition of ${label} from where it was`,
    isSo: async () => (await change.lookIfThere()) === undefined,
    send: async (timeoutMs) => {
      const flags = DomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_NVRAM;
      await change.caller.call(domainUndefineFlags, { domain: ref, flags }, { timeoutMs });
      return true;
    },
  });
}

/** Lets a domain go on that libvirt had stopped for a move which came to nothing. */
export async function goOnHere(change: MoveChange): Promise<void> {
  const { label, domains, uuid } = change;
  await makeSo(change, {
    step: 'go-on',
    noun: 'end of the pause',
    doing: `letting ${label} go on where it is`,
    isSo: async () => !isHeldForMove(await change.look()),
    send: async (timeoutMs) => {
      await domains.resume(uuid, timeoutMs);
      return true;
    },
  });
}
