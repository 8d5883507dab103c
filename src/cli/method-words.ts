import type { MethodName } from '../compute/contract/index.js';

/** The command line's words for RPC methods, decided once: everything else follows from the methods' schemas. */

/** Namespaces as commands. */
export const GROUPS = {
  power: { namespace: 'power', description: 'Switch machines on and off through their power controllers.' },
  instance: { namespace: 'compute', description: 'LPARs, guests and other instances on the hosts.' },
  host: { namespace: 'host', description: 'The places where instances live.' },
  image: { namespace: 'image', description: 'What the instances of a host can be made of.' },
  machine: { namespace: 'machine', description: 'Machines that are known by name, with their power controllers.' },
  operation: { namespace: 'operation', description: 'What was asked, how far it is, and how it ended.' },
  features: { namespace: 'features', description: 'What each driver can do; needs no service.' },
} as const satisfies Record<string, { namespace: string; description: string }>;
export type GroupName = keyof typeof GROUPS;

/** Fields given by place, in this order, where a method of the namespace has them. */
export const POSITIONALS: Readonly<Record<string, readonly string[]>> = {
  compute: ['host', 'instance'],
  image: ['host', 'image'],
  host: ['host'],
  machine: ['machine'],
  operation: ['operation_id'],
  features: ['driver'],
};

/** Further words for methods that are typed most. */
export const ALIASES: { readonly [M in MethodName]?: string } = {
  'compute.list_instances': 'list',
  'compute.get_info': 'info',
  'host.get_info': 'info',
};

/** Options whose name is not the field's. */
export const OPTION_NAMES: Readonly<Record<string, string>> = { power_type: 'type' };

/** What the examples of a help text say, by method or group. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'compute.list_instances': ['zenova instance list cpc1', 'zenova instance list cpc1 --json'],
  'compute.get_info': ['zenova instance info cpc1 ubuntu01'],
  'compute.spawn': ['zenova instance spawn fake1 --file web01.yaml --name web02'],
  'compute.destroy': ['zenova instance destroy fake1 web01'],
  'compute.adopt': ['zenova instance adopt cpc1 ubuntu01'],
  'compute.resize': ['zenova instance resize fake1 web01 --file larger.yaml'],
  'compute.attach_volume': ['zenova instance attach-volume fake1 web01 --file volume.yaml'],
  'compute.set_admin_password': ['zenova instance set-admin-password fake1 web01 --file password.yaml'],
  'compute.get_console_log': ['zenova instance get-console-log fake1 web01 --tail-lines 50'],
  'compute.get_console': ['zenova instance get-console fake1 web01 --type serial'],
  'image.import': ['zenova image import fake1 debian-13 --file image.yaml'],
  'host.set_enabled': ['zenova host set-enabled fake1 --enabled false'],
  'host.preflight': ['zenova host preflight cpc1', 'zenova host preflight cpc1 --instance ubuntu01 --json'],
  'compute.power_on': [
    'zenova instance power-on cpc1 ubuntu01',
    'zenova instance power-on cpc1 ubuntu01 --plan',
    'zenova instance power-on cpc1 ubuntu01 --wait accepted --deadline-ms 60000',
  ],
  'compute.power_off': ['zenova instance power-off cpc1 ubuntu01'],
  'compute.live_migrate': ['zenova instance live-migrate fake1 instance-0001 --destination fake2'],
  'compute.evacuate': [
    'zenova instance evacuate fake1 instance-0001 --destination fake2',
    'zenova instance evacuate fake1 --destination fake2',
  ],
  'host.set_maintenance': [
    'zenova host set-maintenance fake1 --enabled true --destination fake2',
    'zenova host set-maintenance fake1 --enabled false',
  ],
  'power.query': [
    'zenova power query --host cpc1 --instance ubuntu01',
    'zenova power query --type hmcz --param power_address=hmc1 --param power_user=operator \\\n' +
      '    --param-file power_pass=/etc/zenova/hmc-password --param power_partition_name=ubuntu01',
  ],
  'power.query_many': [
    'zenova power query-many',
    'zenova power query-many --controller hmc1.example.org:6794 --max-age-ms 60000 --json',
    'zenova power query-many --host cpc1',
  ],
  'power.off': ['zenova power off --host cpc1 --instance ubuntu01 --preempt'],
  'power.on': ['zenova power on --host cpc1 --instance ubuntu01', 'zenova power on --machine web01'],
  'power.probe': [
    'zenova power probe --type hmcz --param power_address=hmc1 --param power_user=operator \\\n' +
      '    --param-file power_pass=/etc/zenova/hmc-password --name "web*"',
  ],
  'power.types': ['zenova power types', 'zenova power types --json'],
  'features.driver': ['zenova features driver hmc-dpm', 'zenova features driver hmc-dpm --host cpc1'],
  'features.matrix': [
    'zenova features --kind virt',
    'zenova features --having operation.live-migrate --having console.serial.log --proven',
    'zenova features --having console.vnc --level complete --proven --grade live --json',
  ],
  'host.test': ['zenova host test cpc1'],
  'machine.register': [
    'zenova machine register web01 --type hmcz --param power_address=hmc1 --param power_user=operator \\\n' +
      '    --param-file power_pass=/etc/zenova/hmc-password --param power_partition_name=WEB01',
  ],
  'machine.update': [
    'zenova machine update web01 --param-file power_pass=/etc/zenova/new-password',
    'zenova machine update web01 --remove-parameters power_verify_ssl',
  ],
  'machine.list': ['zenova machine list', "zenova machine list --name 'web*' --status unverified"],
  'operation.get': ['zenova operation get 0192c5a4-…', 'zenova operation get --idempotency-key nightly-17'],
  'operation.list': ['zenova operation list --state unfinished', 'zenova operation list --parent 0192c5a4-…'],
};

export function wordOf(wireName: string): string {
  return wireName.replaceAll('_', '-');
}
