import type { FirewallRule, Volume } from '../../../../src/compute/contract/index.js';
import { answered, ensure } from '../../checks.js';
import type { VirtSubject } from '../../subject.js';
import { backendHas, hasInterface, hasVolume } from './instance-state.js';
import { isNotSpawned, notSpawning, spawned, spawning, type Virt } from './spawning.js';

/** What the fields of a description bring about. */

const oneVolume = (change: (volume: Volume) => Partial<Volume>, type?: Volume['connection']['type']) => {
  return ({ values }: VirtSubject): { volumes: [Volume] } => {
    const volume = values.volume(type);
    return { volumes: [{ ...volume, ...change(volume) }] };
  };
};
const onNetwork = (more: object, way?: 'vlan' | 'nat' | 'route') => (subject: VirtSubject) => ({
  networks: [{ name: networkOf(subject, way), ...more }],
});
const networkOf = ({ values }: VirtSubject, way?: 'vlan' | 'nat' | 'route') =>
  way === undefined ? values.network : values.networkFor(way);

export const autoDiskScenarios: readonly Virt[] = [
  spawning(
    'fills',
    'makes the root file system fill a disk that is larger than its image',
    ({ values }) => ({ disk_config: 'auto', image: values.image, flavor: { ...values.flavor, root_gib: 20 } }),
    (subject, name) => backendHas(subject, name, { rootGib: 20, rootFileSystemGib: 20 }),
  ),
  spawning(
    'manual',
    'leaves it as the image has it when it is asked to',
    ({ values }) => ({ disk_config: 'manual', image: values.image, flavor: { ...values.flavor, root_gib: 20 } }),
    async (subject, name) => {
      await backendHas(subject, name, { rootGib: 20 });
      const { rootFileSystemGib: size = 20 } = (await subject.atBackend(name)) ?? {};
      ensure(size < 20, 'wrong-effect', `the root file system of ${name} fills its disk, and was not to`);
    },
  ),
];

const IOPS = { total_iops_sec: 500 };
const BYTES = { read_bytes_sec: 1_000_000, write_bytes_sec: 1_000_000 };
export const rateLimitScenarios: readonly Virt[] = [
  spawning(
    'requests',
    'limits the requests a second of the root disk',
    () => ({ disk_limits: IOPS }),
    (subject, name) => backendHas(subject, name, { rootLimits: IOPS }),
  ),
  spawning(
    'bytes',
    'limits the bytes a second of the root disk',
    () => ({ disk_limits: BYTES }),
    (subject, name) => backendHas(subject, name, { rootLimits: BYTES }),
  ),
  spawning(
    'volumes',
    'limits the volumes of an instance',
    oneVolume(() => ({ limits: IOPS })),
    hasItsVolume({ limits: IOPS }),
  ),
  {
    word: 'attached',
    title: 'limits a volume that is added',
    needs: ['operation.attach-volume'],
    run: (subject) => attaches(subject, { ...subject.values.volume(), limits: IOPS }, { limits: IOPS }),
  },
];

export const configDriveScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'gives an instance a config drive when it is asked to',
    () => ({ config_drive: true, metadata: { role: 'web' } }),
    (subject, name) => backendHas(subject, name, { hasConfigDrive: true }),
  ),
  {
    ...spawning(
      'image',
      'gives one to an instance of an image',
      ({ values }) => ({ config_drive: true, image: values.image, metadata: { role: 'web' } }),
      (subject, name) => backendHas(subject, name, { hasConfigDrive: true }),
    ),
    needs: ['operation.launch', 'storage.image'],
  },
];

const file = (path: string, sizeBytes: number) => ({ path, content: Buffer.alloc(sizeBytes, 'a').toString('base64') });
const filesScenario = (word: string, title: string, sizeBytes: number): Virt =>
  spawning(
    word,
    title,
    () => ({ files: [file('/etc/motd', sizeBytes), file('/etc/role', 5)] }),
    (subject, name) =>
      backendHas(subject, name, {
        files: [
          { path: '/etc/motd', sizeBytes },
          { path: '/etc/role', sizeBytes: 5 },
        ],
      }),
  );
export const injectFileScenarios: readonly Virt[] = [
  filesScenario('effect', 'puts files into the guest', 100),
  filesScenario('large', 'puts a file of 64 KiB into the guest', 65_536),
];

const ADDRESSES = ['192.0.2.7/24', '2001:db8::7/64'];
export const injectNetworkingScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'gives an interface its fixed addresses',
    onNetwork({ addresses: ADDRESSES.map((address) => ({ address })) }),
    hasItsInterface({ addresses: ADDRESSES }),
  ),
];

export const blockScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'gives a new instance its volumes',
    oneVolume(() => ({})),
    hasItsVolume({}),
  ),
  {
    word: 'attached',
    title: 'adds a volume to an instance',
    needs: ['operation.attach-volume'],
    run: (subject) => attaches(subject, subject.values.volume(), {}),
  },
  notSpawning(
    'unreachable',
    'makes no instance with a volume that the host does not reach',
    ({ values }) => ({ volumes: [values.unreachableVolume] }),
    'RESOURCE_NOT_FOUND',
  ),
];

/** What is asked of every way in which volumes are reached. */
export function connectionScenarios(type: Volume['connection']['type']): readonly Virt[] {
  return [
    spawning(
      'effect',
      'gives a new instance such a volume',
      oneVolume(() => ({}), type),
      hasItsVolume({ connection: type }),
    ),
    {
      word: 'attached',
      title: 'adds such a volume to an instance',
      needs: ['operation.attach-volume'],
      run: (subject) => attaches(subject, subject.values.volume(type), { connection: type }),
    },
  ];
}

const LOGON = { user: 'initiator', password: 'secret-of-the-target' };
export const chapScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'logs on to the target of a volume',
    ({ values }) => ({ volumes: [values.guardedVolume(LOGON)] }),
    hasItsVolume({ hasLogon: true }),
  ),
  {
    word: 'wrong',
    title: 'is refused by the target for another secret, and nothing is made',
    needs: ['operation.launch', 'operation.terminate'],
    async run(subject) {
      const volume = subject.values.guardedVolume(LOGON);
      await usedOnce(subject, volume);
      const auth = { ...LOGON, password: 'another-secret' };
      const connection = { ...volume.connection, auth } as Volume['connection'];
      await isNotSpawned(subject, { volumes: [{ ...volume, connection }] }, 'BACKEND_AUTH_FAILED');
    },
  },
];

export const imageScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'makes the root disk of an image whose checksum is right',
    ({ values }) => ({ image: values.image }),
    (subject, name) => backendHas(subject, name, { image: subject.values.image.source }),
  ),
  notSpawning(
    'checksum',
    'makes no instance of an image with another checksum',
    ({ values }) => ({ image: { ...values.image, checksum: `sha256:${'0'.repeat(64)}` } }),
    null,
  ),
  notSpawning(
    'unknown',
    'makes no instance of an image that is not there',
    () => ({ image: { source: 'no-such-image' } }),
    'RESOURCE_NOT_FOUND',
  ),
];

const RULES: readonly FirewallRule[] = [
  { direction: 'ingress', protocol: 'tcp', ports: '80', remote: '192.0.2.0/24' },
  { direction: 'egress', protocol: 'any' },
];
export const firewallScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'filters by the rules of the request',
    (subject) => ({ ...onNetwork({})(subject), firewall_rules: RULES }),
    (subject, name) => backendHas(subject, name, { firewallRules: RULES }),
  ),
];

export const routingScenarios: readonly Virt[] = (['nat', 'route'] as const).map((forwarding) =>
  spawning(
    forwarding,
    `forwards the packets of an interface (${forwarding})`,
    onNetwork({ forwarding }, forwarding),
    hasItsInterface({ forwarding }, forwarding),
  ),
);

export const securityGroupScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'puts an instance into a group that the backend keeps',
    (subject) => ({ ...onNetwork({})(subject), security_groups: [subject.values.securityGroup] }),
    (subject, name) => backendHas(subject, name, { securityGroups: [subject.values.securityGroup] }),
  ),
  notSpawning(
    'unknown',
    'makes no instance in a group that is not there',
    (subject) => ({ ...onNetwork({})(subject), security_groups: ['no-such-group'] }),
    'RESOURCE_NOT_FOUND',
  ),
];

export const flatScenarios: readonly Virt[] = [
  spawning('effect', 'gives an instance an interface without a VLAN', onNetwork({}), hasItsInterface({ vlan: null })),
  notSpawning(
    'unknown',
    'makes no instance on a network that is not there',
    () => ({ networks: [{ name: 'no-such-network' }] }),
    'RESOURCE_NOT_FOUND',
  ),
];

export const vlanScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'gives an instance an interface whose packets carry a VLAN id',
    onNetwork({ vlan: 42 }, 'vlan'),
    hasItsInterface({ vlan: 42 }, 'vlan'),
  ),
  {
    word: 'attached',
    title: 'gives one to an instance that runs',
    needs: ['operation.attach-interface'],
    async run(subject) {
      const instance = await subject.instance('running');
      const network = { name: networkOf(subject, 'vlan'), vlan: 42 };
      await answered(subject, 'compute.attach_interface', { host: subject.host, instance, network });
      await hasInterface(subject, instance, network.name, { vlan: 42 });
    },
  },
  {
    word: 'rebuilt',
    title: 'leaves it in its VLAN when the instance is rebuilt',
    needs: ['operation.launch', 'operation.rebuild'],
    async run(subject) {
      const { name: instance } = await spawned(subject, onNetwork({ vlan: 42 }, 'vlan')(subject));
      const image = { source: subject.values.image.source };
      await answered(subject, 'compute.rebuild', { host: subject.host, instance, image });
      await hasItsInterface({ vlan: 42 }, 'vlan')(subject, instance);
    },
  },
];

export const uefiScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'makes an instance that starts by UEFI',
    () => ({ firmware: 'uefi' }),
    (subject, name) => backendHas(subject, name, { firmware: 'uefi' }),
  ),
];

export const statelessFirmwareScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'makes an instance whose firmware keeps nothing',
    () => ({ firmware: 'uefi', firmware_stateless: true }),
    (subject, name) => backendHas(subject, name, { isFirmwareStateless: true }),
  ),
];

export const tpmScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'gives an instance a TPM of the version that is asked for',
    () => ({ tpm: { version: '2.0' } }),
    (subject, name) => backendHas(subject, name, { tpm: '2.0' }),
  ),
];

export const deviceTagScenarios: readonly Virt[] = [
  spawning(
    'volumes',
    'tags a volume',
    oneVolume(() => ({ tag: 'data' })),
    hasItsVolume({ tag: 'data' }),
  ),
  spawning('networks', 'tags an interface', onNetwork({ tag: 'front' }), hasItsInterface({ tag: 'front' })),
];

export const multiattachScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'gives a volume to two instances that both share it',
    needs: ['operation.launch', 'storage.block'],
    async run(subject) {
      const volumes = [{ ...subject.values.volume(), multiattach: true }];
      const { name: first } = await spawned(subject, { volumes });
      const { name: second } = await spawned(subject, { volumes });
      for (const name of [first, second]) await hasItsVolume({})(subject, name, { volumes });
    },
  },
  {
    word: 'not-shared',
    title: 'gives it to no second instance that does not share it',
    needs: ['operation.launch', 'storage.block'],
    async run(subject) {
      const volume = subject.values.volume();
      await spawned(subject, { volumes: [{ ...volume, multiattach: true }] });
      await isNotSpawned(subject, { volumes: [volume] }, 'STATE_CONFLICT');
    },
  },
];

const KEY = 'key-of-the-volume';
export const encryptedVolumeScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'decrypts a volume for a new instance',
    ({ values }) => ({ volumes: [values.encryptedVolume(KEY)] }),
    hasItsVolume({ isEncrypted: true }),
  ),
  {
    word: 'wrong-key',
    title: 'makes no instance with a key that does not open the volume',
    needs: ['operation.launch', 'operation.terminate'],
    async run(subject) {
      const volume = subject.values.encryptedVolume(KEY);
      await usedOnce(subject, volume);
      const encryption = { format: 'luks' as const, key: 'another-key' };
      await isNotSpawned(subject, { volumes: [{ ...volume, encryption }] }, null);
    },
  },
];

export const trustedCertScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'makes an instance of an image that is signed by a trusted certificate',
    ({ values }) => ({ image: { ...values.image, trusted_certificates: [values.trustedCertificate] } }),
    (subject, name) => backendHas(subject, name, { image: subject.values.image.source }),
  ),
  notSpawning(
    'untrusted',
    'makes no instance of an image that is signed by no trusted certificate',
    ({ values }) => ({ image: { ...values.image, trusted_certificates: ['another certificate'] } }),
    null,
  ),
];

export const fileMemoryScenarios: readonly Virt[] = [
  spawning(
    'effect',
    'puts the memory of an instance into files',
    ({ values }) => ({ flavor: { ...values.flavor, memory_backing: 'file' } }),
    (subject, name) => backendHas(subject, name, { isMemoryInFiles: true }),
  ),
];

export const cacheImageScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'fetches an image once for two instances',
    needs: ['operation.launch', 'storage.image'],
    async run(subject) {
      const image = { source: subject.values.remoteImage(), cache: true };
      const before = await subject.imageFetches();
      await spawned(subject, { image });
      const first = await subject.imageFetches();
      ensure(first > before, 'no-effect', 'the image was not fetched for the first instance');
      const { name } = await spawned(subject, { image });
      ensure(
        (await subject.imageFetches()) === first,
        'no-effect',
        'the image was fetched again for the second instance',
      );
      await backendHas(subject, name, { image: image.source });
    },
  },
];

/** A new instance has had the volume, which is free again. */
async function usedOnce(subject: VirtSubject, volume: Volume): Promise<void> {
  const { name: instance } = await spawned(subject, { volumes: [volume] });
  await answered(subject, 'compute.destroy', { host: subject.host, instance });
}

async function attaches(
  subject: VirtSubject,
  volume: Volume,
  expected: Parameters<typeof hasVolume>[3],
): Promise<void> {
  const instance = await subject.instance('running');
  await answered(subject, 'compute.attach_volume', { host: subject.host, instance, volume });
  await hasVolume(subject, instance, volume.id, expected);
}

function hasItsVolume(expected: Parameters<typeof hasVolume>[3]) {
  return async (
    subject: VirtSubject,
    name: string,
    { volumes }: { readonly volumes: readonly Volume[] },
  ): Promise<void> => {
    for (const { id } of volumes) await hasVolume(subject, name, id, expected);
  };
}

function hasItsInterface(expected: Parameters<typeof hasInterface>[3], way?: 'vlan' | 'nat' | 'route') {
  return async (subject: VirtSubject, name: string): Promise<void> => {
    await hasInterface(subject, name, networkOf(subject, way), expected);
  };
}
