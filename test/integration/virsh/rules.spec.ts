import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { TwoHosts } from './two-hosts.js';

const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
const instance = 'ruled01';
/** The bridge of kvm1 to which kvm2 is connected, from where the guest is asked. */
const BRIDGE = 'hosts';
const [ADDRESS, NEIGHBOUR] = ['198.18.0.9', '198.18.0.2'];
const GROUP = `f=$(mktemp)
  echo "<filter name='web' chain='root'>
    <rule action='accept' direction='in' priority='500'><tcp dstportstart='443'/></rule></filter>" > $f
  virsh -q nwfilter-define $f
  rm $f`;

let kvm: TwoHosts;
beforeAll(async () => {
  // What shows packets of bridges to iptables is a module of the kernel, or in it.
  kvm = await TwoHosts.start({ setUp: () => ['modprobe -q br_netfilter 2>/dev/null || true'] });
  await kvm.host('kvm1').run(GROUP);
}, WITHIN_MS);
afterAll(() => kvm.stop());

/** Does the guest answer its neighbour on this port? */
async function isOpen(port: number): Promise<boolean> {
  const connects = `timeout 20 bash -c 'exec 3<>/dev/tcp/${ADDRESS}/${port}' 2>/dev/null`;
  return (await kvm.host('kvm2').run(`${connects} && echo open || echo shut`)).trim() === 'open';
}

test(
  'a guest answers, and is answered, on the ports that its rules and its groups allow, and on no others',
  async () => {
    await kvm.launch(instance, {
      more: {
        flavor: { vcpus: 1, memory_mib: 256 },
        networks: [{ name: BRIDGE }],
        firewall_rules: [
          { direction: 'ingress', protocol: 'tcp', ports: '22' },
          { direction: 'egress', protocol: 'tcp', ports: '16514' },
        ],
        security_groups: ['web'],
      },
    });
    await kvm.says('kvm1', instance, 'zenova guest ready');
    await kvm.tells('kvm1', instance, `run killall udhcpc; ip address replace ${ADDRESS}/24 dev eth0`);
    // It listens on all three ports, as it sees itself.
    for (const port of [22, 80, 443]) {
      await kvm.tells('kvm1', instance, `run httpd -p ${port} -h /zenova`);
      await kvm.tells('kvm1', instance, `run wget -O /run/got http://127.0.0.1:${port}/start && echo port ${port}`);
      await kvm.says('kvm1', instance, `^port ${port}`);
    }
    await eventually(() => isOpen(22), 'the port of a rule to be open', WITHIN_MS);
    await expect(isOpen(443)).resolves.toBe(true);
    await expect(isOpen(80)).resolves.toBe(false);

    // The daemon of the neighbour listens there, and the neighbour would answer this too.
    await kvm.tells('kvm1', instance, `run nc -w 20 ${NEIGHBOUR} 16514 </dev/null && echo allowed`);
    await kvm.says('kvm1', instance, '^allowed');
    await kvm.tells('kvm1', instance, `run ping -c 1 -W 5 ${NEIGHBOUR} || echo forbidden`);
    await kvm.says('kvm1', instance, '^forbidden');

    // What is in the way of the others is the filter.
    await kvm.host('kvm1').run('echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables');
    await expect(isOpen(80)).resolves.toBe(true);
    await kvm.tells('kvm1', instance, `run ping -c 3 -W 5 ${NEIGHBOUR} && echo without`);
    await kvm.says('kvm1', instance, '^without');
    await kvm.bench.call('compute.destroy', { host: 'kvm1', instance });
  },
  WITHIN_MS,
);
