import {
  VIRT_FEATURES,
  type CatalogueEntry,
  type FieldUse,
  type VirtFeatureId,
} from '../../../../src/features/index.js';
import { answered, hasFields } from '../../checks.js';
import type { Scenario } from '../../scenario.js';
import type { VirtValues, VirtSubject } from '../../subject.js';
import type { MissingRequest } from '../negative.js';
import { requestOf, virtMethodOf } from './requests.js';

type Missing = MissingRequest<VirtSubject>;

/** Every way to ask for a feature that the catalogue knows. */
export function missingVirt(feature: VirtFeatureId): Missing[] {
  const { operations, uses }: CatalogueEntry = VIRT_FEATURES[feature];
  const ways: readonly FieldUse[] = uses ?? operations.map((operation) => ({ operation }));
  return ways.flatMap((way) => asked(feature, way));
}

function asked(feature: string, { operation, field, values: uses }: FieldUse): Missing[] {
  const method = virtMethodOf(operation);
  if (method === undefined) return [];
  return [
    {
      feature,
      word: `refused-${operation}${field === undefined ? '' : `-${field.replaceAll(/[^a-z]+/g, '-')}`}`,
      method,
      request: async (subject) => ({
        ...requestOf(method, subject, await subject.instance('running')),
        ...(field === undefined ? {} : fieldsFor({ field, uses }, subject.values)),
      }),
    },
  ];
}

/** What shows in answers only, and is missing, does not show. */
export function untold(feature: VirtFeatureId): Scenario<VirtSubject>[] {
  if (feature !== 'operation.report-cpu-traits') return [];
  return [
    {
      id: `${feature}/untold`,
      feature,
      kind: 'negative',
      title: 'is not told: host.get_info has none',
      async run(subject) {
        const info = await answered(subject, 'host.get_info', { host: subject.host });
        hasFields(info, { cpu_traits: null }, 'host.get_info', 'not-refused');
      },
    },
  ];
}

type Fields = (values: VirtValues) => object;

const volumeWith =
  (more: object): Fields =>
  (values) => ({ ...values.volume(), ...more });
const iscsiWithLogon: Fields = ({ volume }) => {
  const { connection, ...rest } = volume('iscsi');
  return { ...rest, connection: { ...connection, auth: { user: 'initiator', password: 'canary' } } };
};
const networkWith =
  (more: object): Fields =>
  ({ network }) => ({ name: network, ...more });
const file = { path: '/etc/motd', content: Buffer.from('hello').toString('base64') };

/** What uses a feature of a volume or of a network, wherever one stands. */
const VOLUMES: Readonly<Record<string, Fields>> = {
  tag: volumeWith({ tag: 'data' }),
  limits: volumeWith({ limits: { total_iops_sec: 500 } }),
  multiattach: volumeWith({ multiattach: true }),
  encryption: volumeWith({ encryption: { format: 'luks', key: 'canary' } }),
  'connection.type=fibre_channel': ({ volume }) => volume('fibre_channel'),
  'connection.type=iscsi': ({ volume }) => volume('iscsi'),
  'connection.auth': iscsiWithLogon,
};
const NETWORKS: Readonly<Record<string, Fields>> = {
  tag: networkWith({ tag: 'front' }),
  vlan: networkWith({ vlan: 42 }),
  'vlan=null': networkWith({}),
  addresses: networkWith({ addresses: [{ address: '192.0.2.7/24' }] }),
  forwarding: networkWith({ forwarding: 'nat' }),
  resource_request: networkWith({ resource_request: { egress_kbps: 1000 } }),
};
/** Fields that hold something of their own. */
const FIELDS: Readonly<Record<string, Fields>> = {
  instance: () => ({}),
  disk_limits: () => ({ disk_limits: { total_iops_sec: 500 } }),
  files: () => ({ files: [file] }),
  firewall_rules: () => ({ firewall_rules: [{ direction: 'ingress', protocol: 'tcp', ports: '22' }] }),
  security_groups: ({ securityGroup }) => ({ security_groups: [securityGroup] }),
  tpm: () => ({ tpm: { version: '2.0' } }),
  image: ({ image }) => ({ image: { source: image.source } }),
  'image.trusted_certificates': ({ image, trustedCertificate }) => ({
    image: { source: image.source, trusted_certificates: [trustedCertificate] },
  }),
  'image.cache=true': ({ image }) => ({ image: { source: image.source, cache: true } }),
  'flavor.memory_backing=file': ({ flavor }) => ({ flavor: { ...flavor, memory_backing: 'file' } }),
  volumes: ({ volume }) => ({ volumes: [volume()] }),
  volume: ({ volume }) => ({ volume: volume() }),
  new_volume: ({ volume }) => ({ new_volume: volume() }),
  'from.trusted_certificates': ({ image, trustedCertificate }) => ({
    from: { source: image.source, trusted_certificates: [trustedCertificate] },
  }),
  'from.cache=true': ({ image }) => ({ from: { source: image.source, cache: true } }),
};

/** @throws Error for a use that the catalogue knows and this table does not */
function fieldsFor(
  { field, uses }: { readonly field: string; readonly uses: FieldUse['values'] },
  values: VirtValues,
): object {
  const use = uses === undefined ? '' : `=${String(uses[0])}`;
  const own = FIELDS[`${field}${use}`];
  if (own !== undefined) return own(values);
  const [, place = '', isList, part = ''] = /^(new_volume|volume|network)s?(\[\])?\.(.+)$/.exec(field) ?? [];
  const table = { new_volume: VOLUMES, volume: VOLUMES, network: NETWORKS }[place];
  const made = table?.[`${part}${use}`] ?? table?.[part];
  if (made !== undefined) return isList === undefined ? { [place]: made(values) } : { [`${place}s`]: [made(values)] };
  if (uses !== undefined && !/[.[]/.test(field)) return { [field]: uses[0] };
  throw new Error(`how ${field}${use} is used stands in no table of the conformance suite`);
}
