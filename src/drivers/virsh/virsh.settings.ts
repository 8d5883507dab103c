import { z } from 'zod';
import { parseUri, type SshTrust, UriError } from 'node-libvirt';
import { Secret } from '../../common/secret.js';
import { ImageSourceSchema } from '../../compute/contract/index.js';
import { pacingFields, type Pacing } from '../kit/index.js';
import type { LibvirtAccess } from './client/libvirt-access.js';
import { parseLibvirtAddress, type UriOrigin } from './client/libvirt-address.js';
import { HostCpuSchema } from './mapping/cpu-choice.js';

const LONGEST_PATH = 4095;
const LONGEST_URI = 2000;

const addressSchema = (origin: UriOrigin) =>
  z
    .string()
    .min(1)
    .max(LONGEST_URI)
    .transform((text, context) => {
      const address = parseLibvirtAddress(text, origin);
      if (typeof address !== 'string') return address;
      // The URI itself is not repeated: somebody may have written a password into it.
      context.issues.push({ code: 'custom', message: address, input: undefined });
      return z.NEVER;
    });

/** A libvirt URI that an operator wrote: it may say all that libvirt's URIs can. */
export const LibvirtUriSchema = addressSchema('settings');

/** A libvirt URI of a request: it must neither read files of this service nor make it trust whoever answers. */
export const RequestUriSchema = addressSchema('request');

const HostPathSchema = z
  .string()
  .max(LONGEST_PATH)
  .refine(
    (path) => path.startsWith('/') && !path.split('/').some((part) => part === '.' || part === '..'),
    'expected an absolute path without . and ..',
  );

const fileSchema = (what: string) => z.string().min(1).max(LONGEST_PATH).describe(`path of ${what}`);

const TlsSchema = z
  .strictObject({
    ca_file: fileSchema('a PEM file with the certificate of the authority that the host must be known by').optional(),
    ca: z.string().includes('-----BEGIN CERTIFICATE-----').optional().describe('the same, as text'),
    cert_file: fileSchema('a PEM file with our certificate').optional(),
    key_file: fileSchema('a PEM file with its key').optional(),
    server_name: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('name that the certificate of the host must be for, when that is not the host of the URI'),
    verify: z
      .literal(false)
      .optional()
      .describe('accept any certificate: whoever is in between can read and change everything'),
  })
  .refine(({ ca, ca_file: file }) => ca === undefined || file === undefined, {
    error: 'the authority is there twice, as file and as text',
    path: ['ca'],
  })
  .refine(({ cert_file: cert, key_file: key }) => (cert === undefined) === (key === undefined), {
    error: 'a certificate is of no use without its key, nor a key without its certificate',
    path: ['cert_file'],
  });

const SshSchema = z
  .strictObject({
    key_file: fileSchema('a private key').optional(),
    password: z
      .instanceof(Secret, { error: 'expected a secret: {file: path} or {env: name}' })
      .optional()
      .describe('password of the user on the host; tried after the key, when one is named too'),
    known_hosts_file: fileSchema('a file of known hosts, in place of those of the user').optional(),
    fingerprints: z
      .array(
        z
          .string()
          .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'expected a fingerprint as ssh-keygen -l prints it, SHA256:…')
          .transform((text) => text.replace(/=$/, '')),
      )
      .min(1)
      .max(20)
      .optional()
      .describe('of the keys of the host: others are not accepted'),
  })
  .refine(({ known_hosts_file: file, fingerprints }) => file === undefined || fingerprints === undefined, {
    error: 'known hosts and fingerprints exclude each other',
    path: ['fingerprints'],
  });

/** What daemons say to each other when a guest moves. */
const MigrationSchema = z
  .strictObject({
    uri: z
      .string()
      .max(LONGEST_URI)
      .transform((text, context) => {
        try {
          if (parseUri(text).host !== undefined) return text;
          context.issues.push({ code: 'custom', message: 'there is no host in it', input: undefined });
        } catch (error) {
          if (!(error instanceof UriError)) throw error;
          context.issues.push({ code: 'custom', message: error.message, input: undefined });
        }
        return z.NEVER;
      })
      .optional()
      .describe('libvirt URI by which other hosts reach the daemon of this one; without it, that of this host'),
    address: z
      .string()
      .regex(/^[\w.:-]+$/, 'expected a name or an address')
      .max(255)
      .optional()
      .describe('name or address of this host for the memory of guests that move here; without it, its host name'),
    tunnelled: z
      .boolean()
      .default(false)
      .describe(
        'memory goes through the connection of the daemons, encrypted as that is, and slower; disks cannot be copied so',
      ),
    tls: z
      .boolean()
      .default(false)
      .describe('memory and disks are encrypted by QEMU itself, with the certificates of its own on both hosts'),
    bandwidth_mib: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('MiB per second that a guest which moves here may take of the network; without it, all there is'),
    max_downtime_ms: z
      .int()
      .min(1)
      .max(2_000_000)
      .optional()
      .describe('how long a guest that moves here may stand still at the end; without it, as QEMU has it, 300'),
    auto_converge: z
      .boolean()
      .default(false)
      .describe('a guest that writes faster than it is copied is slowed down; not where post_copy is allowed'),
    post_copy: z
      .boolean()
      .default(false)
      .describe(
        'a move that is forced to its end lets the guest go on here at once, and fetches the rest of its memory: when the way breaks then, the guest is lost',
      ),
    copy_storage: z
      .enum(['auto', 'never'])
      .default('auto')
      .describe('auto: disks that the hosts do not share are copied; never: such guests do not move while they run'),
  })
  .refine(({ tls, tunnelled }) => !(tls && tunnelled), {
    error: 'what goes through the connection of the daemons is encrypted by them: tunnelled and tls exclude each other',
    path: ['tls'],
  })
  .refine(({ post_copy: postCopy, tunnelled }) => !(postCopy && tunnelled), {
    error: 'libvirt has no post-copy through the connection of the daemons: tunnelled and post_copy exclude each other',
    path: ['post_copy'],
  });

/** A call waits a little longer than libvirt waits for a guest that is busy: then the answer says so. */
export const DEFAULT_PACING: Pacing = {
  requestTimeoutMs: 40_000,
  operationTimeoutMs: 15 * 60_000,
  poll: { initialMs: 100, maxMs: 3000 },
};

/** Settings of a host of this driver. Secrets arrive resolved, as {@link Secret}. */
export const VirshSettingsSchema = z
  .strictObject({
    uri: LibvirtUriSchema.describe(
      'libvirt URI of the host: qemu:///system, qemu+ssh://root@kvm1/system, qemu+tls://kvm1/system; it holds no password',
    ),
    tls: TlsSchema.prefault({}).describe(
      'certificates for a URI with TLS; without them, those where libvirt has them (/etc/pki)',
    ),
    ssh: SshSchema.prefault({}).describe('for a URI with ssh; without it, keys and known hosts of the user (~/.ssh)'),
    way: z
      .enum(['rpc', 'program'])
      .default('rpc')
      .describe(
        "rpc: libvirt's own protocol; program: the virsh program on the host, over ssh, for reading and power alone",
      ),
    ...pacingFields(DEFAULT_PACING, {
      request: 'longest time for one call to libvirt',
      operation: 'longest time for a whole start, stop, launch or move',
      poll: 'how often a state or a job is looked at',
    }),
    shutdown_timeout_ms: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(60_000)
      .describe('how long guests may take to shut down when they are stopped for a change; 0: they are not asked'),
    cpu: HostCpuSchema.optional().describe(
      "processor of new guests of the host's own architecture that name none in driver_options.virsh.cpu (default: host-model, emulated: maximum)",
    ),
    pool: z
      .strictObject({
        name: z
          .string()
          .regex(/^[\w.-]{1,64}$/, 'expected letters, digits, _ . or -')
          .default('zenova')
          .describe('its name; one that is not there is made, as a directory'),
        path: HostPathSchema.default('/var/lib/libvirt/images/zenova').describe('directory of a pool that is made'),
      })
      .prefault({})
      .describe('storage pool of the host for disks, config drives and images'),
    host_folders: z
      .array(HostPathSchema)
      .max(100)
      .default(['/var/lib/libvirt/images', '/dev/disk', '/dev/mapper', '/dev/zvol'])
      .describe('folders of the host that requests may name files and devices of, beside the pool'),
    rescue_image: ImageSourceSchema.omit({ token: true })
      .optional()
      .describe('what guests are rescued with when a request names nothing'),
    migration: MigrationSchema.prefault({}).describe('how guests move to and from this host'),
  })
  .refine(({ uri, tls }) => uri.way === 'tls' || Object.keys(tls).length === 0, {
    error: 'the URI is not one with TLS',
    path: ['tls'],
  })
  .refine(({ uri, ssh }) => uri.way === 'ssh' || Object.keys(ssh).length === 0, {
    error: 'the URI is not one with ssh',
    path: ['ssh'],
  })
  .refine(({ uri, way }) => way === 'rpc' || uri.way === 'ssh', {
    error: 'the virsh program is run over ssh: give a URI with ssh',
    path: ['way'],
  });
export type VirshSettings = z.output<typeof VirshSettingsSchema>;

/** How the daemon of a host is reached. */
export function accessOf(settings: VirshSettings): LibvirtAccess {
  const { uri, tls, ssh } = settings;
  const { key_file: keyFile, password } = ssh;
  const trust = trustOf(ssh);
  const ca = tls.ca ?? fileOf(tls.ca_file);
  const cert = fileOf(tls.cert_file);
  const key = fileOf(tls.key_file);
  const isGiven = ca !== undefined || cert !== undefined;
  return {
    ...uri,
    by: settings.way,
    tls: {
      ...(isGiven && { pki: { kind: 'given', ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } }),
      ...(tls.server_name !== undefined && { serverName: tls.server_name }),
      ...(tls.verify !== undefined && { verify: tls.verify }),
    },
    ssh: {
      ...(trust !== undefined && { trust }),
      ...(keyFile !== undefined && { keyFile }),
      ...(password !== undefined && { password }),
    },
    requestTimeoutMs: settings.request_timeout_ms,
  };
}

function trustOf({ known_hosts_file: file, fingerprints }: VirshSettings['ssh']): SshTrust | undefined {
  if (fingerprints !== undefined) return { kind: 'pinned', fingerprints };
  return file === undefined ? undefined : { kind: 'known-hosts', files: [file] };
}

function fileOf(file: string | undefined): { readonly file: string } | undefined {
  return file === undefined ? undefined : { file };
}
