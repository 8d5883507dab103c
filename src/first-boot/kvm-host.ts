import { busId, type GuestNic, type QethDevice } from './guest-nic.js';

/**
 * Commands of a KVM host on IBM Z, one a list of words, that let its qeth devices take packets for the MAC addresses of the
 * virtual machines behind a bridge. An adapter hands a device only what is for its own address otherwise.
 *
 * `learning` is what MAAS switches on for this (`maasserver/compose_preseed.py`, "enable VNIC characteristics to allow packets to be
 * forwarded over a bridge"). IBM names learning and `mcast_flooding` for a software bridge, and calls bridge roles
 * (`bridge_role`, `bridge_reflect_promisc`) deprecated, which exclude these characteristics (Device Drivers, Features, and
 * Commands, "Configuring a bridge role", "Packet-handling configuration"). For HiperSockets it asks for `flooding` too ("Example:
 * virtual switch with HiperSockets devices and VNIC characteristics"); an OSA adapter has only 64 devices with that.
 *
 * `chzdev` sets them now and for later starts. Each is a command by itself: one that an adapter does not know stops no other.
 */
export function bridgeCommands(nics: readonly GuestNic[]): string[][] {
  return nics.flatMap(({ qeth }) =>
    qeth === undefined
      ? []
      : characteristics(qeth).map((name) => [
          'chzdev',
          '--yes',
          // The disk that it starts from does not depend on them.
          '--no-root-update',
          'qeth',
          busId(qeth),
          `vnicc/${name}=1`,
        ]),
  );
}

function characteristics({ type }: QethDevice): string[] {
  return type === 'osa' ? ['learning', 'mcast_flooding'] : ['learning', 'flooding', 'mcast_flooding'];
}
