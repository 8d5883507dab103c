/**
 * `node examples/watch.mjs [URI]`: the domains of a daemon, and what becomes of them until Ctrl-C.
 * Without a URI: qemu:///system. To try it without a hypervisor: test:///default.
 */
import { connect, connectListAllDomains, domainGetState, DomainState, lifecycleEvent } from 'node-libvirt';

const connection = await connect(process.argv[2] ?? 'qemu:///system');
const stateNames = Object.fromEntries(Object.entries(DomainState).map(([name, value]) => [value, name]));

const { domains } = await connection.call(connectListAllDomains, {});
for (const domain of domains) {
  const { state } = await connection.call(domainGetState, { domain });
  console.log(domain.name, domain.uuid, stateNames[state]);
}

await connection.listen(lifecycleEvent, ({ domain, event, detail }) =>
  console.log(domain.name, 'event', event, detail),
);
process.once('SIGINT', () => void connection.close());
console.log((await connection.closed).message);
