import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, HostCheck } from '../../../compute/contract/index.js';
import { hostCapabilities } from '../mapping/host-capabilities.js';
import { toVirshComputeError } from '../virsh.errors.js';
import type { VirshPlace } from './virsh-place.js';

const passed = (name: string, detail: string): HostCheck => ({ name, ok: true, detail, remedy: null });
const failed = (name: string, detail: string, remedy: string): HostCheck => ({ name, ok: false, detail, remedy });

/** What went wrong with the way to a daemon, by the code of the error. */
const WAY_CHECKS: Readonly<Record<string, readonly [name: string, remedy: string]>> = {
  BACKEND_UNREACHABLE: ['address', 'correct `uri`, start libvirtd there, or open the way to it'],
  BACKEND_TIMEOUT: ['address', 'look at the load of the host, or raise `request_timeout_ms`'],
  TLS_UNTRUSTED: [
    'identity',
    'give the authority of its certificate with `tls.ca_file`, or correct the host name in `uri`',
  ],
  HOST_KEY_MISMATCH: [
    'identity',
    'compare the key on the host, then add it to `ssh.known_hosts_file` or `ssh.fingerprints`',
  ],
  BACKEND_AUTH_FAILED: ['logon', 'correct the user, the key or the certificate; then run `zenova host retry`'],
};

/**
 * Tries what a host needs, and stops at the first thing that is not there: address, identity (certificate or host key), logon, daemon,
 * domains, guests.
 */
export async function testHost(ctx: CallContext, place: VirshPlace): Promise<HostCheck[]> {
  const domains = place.domains(ctx);
  const checks: HostCheck[] = [];
  try {
    const facts = await domains.hypervisor();
    checks.push(
      passed('address', `a daemon answers at ${place.label}`),
      passed('identity', 'it is who it should be, as configured'),
      passed('logon', 'we are let in'),
      passed(
        'daemon',
        `libvirt ${facts.libvirtVersion}, ${facts.type} ${facts.hypervisorVersion ?? 'of unknown version'}`,
      ),
    );
    checks.push(passed('domains', `there are ${(await domains.list()).length} domains`));
    const { guests, arch } = hostCapabilities(await domains.capabilities());
    checks.push(
      guests.length > 0
        ? passed(
            'guests',
            `guests can be: ${guests.map((one) => `${one.arch} (${one.virtTypes.join(', ')})`).join('; ')}`,
          )
        : failed(
            'guests',
            `no emulator is there for any guest (the host is ${arch})`,
            'install QEMU on the host, and restart libvirtd',
          ),
    );
  } catch (error) {
    const failure = toVirshComputeError(error, { what: 'testing the host', libvirt: place.label, changes: false });
    if (!(failure instanceof ComputeError) || ctx.signal.aborted) throw failure;
    const [name, remedy] = WAY_CHECKS[failure.code] ?? ['daemon', 'do what the message says, then repeat'];
    checks.push(failed(name, failure.message, remedy));
  }
  return checks;
}
