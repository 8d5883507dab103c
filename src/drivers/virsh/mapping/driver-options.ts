import { z } from 'zod';
import { ComputeError, describeIssues } from '../../../common/errors/index.js';
import type { ChangeParams } from '../../../compute/contract/index.js';
import { AbsolutePathSchema, PrintableSchema } from '../../../compute/contract/fields.js';
import { CpuSchema } from './cpu-choice.js';
import { DRIVER_NAME } from './refusal.js';
import { WordSchema } from './words.js';

const hexadecimal = (digits: number) =>
  z.string().regex(new RegExp(`^(0x)?[0-9a-fA-F]{${digits}}$`), `must be ${digits} hexadecimal digits`);
const busId = z.string().regex(/^[0-9a-f]{1,2}\.[0-3]\.[0-9a-f]{4}$/, 'must be a bus id: 0.0.1900');
/** Which entry of a boot menu IBM Z starts. */
const loadparm = z.string().regex(/^[A-Za-z0-9.]{1,8}$/, 'must be 1 to 8 letters, digits or dots');

const HostDeviceSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('pci'),
    address: z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/, 'must be an address: 0000:00:01.0'),
  }),
  z.strictObject({ type: z.literal('vfio-ap'), mdev: z.uuid() }),
  z.strictObject({ type: z.literal('vfio-ccw'), mdev: z.uuid(), device_number: busId.optional() }),
  z.strictObject({
    type: z.literal('scsi'),
    adapter: z.string().regex(/^scsi_host\d{1,5}$/, 'must be an adapter of the host: scsi_host0'),
    bus: z.int().min(0).max(65_535),
    target: z.int().min(0).max(4_294_967_295),
    unit: z.int().min(0).max(4_294_967_295),
  }),
  z.strictObject({ type: z.literal('zfcp'), adapter: busId, wwpn: hexadecimal(16), lun: hexadecimal(16) }),
]);

const GraphicsSchema = z.strictObject({
  type: z.enum(['vnc', 'spice']),
  listen: z.union([z.ipv4(), z.ipv6()]).optional(),
});

const KernelSchema = z.strictObject({
  path: AbsolutePathSchema,
  initrd: AbsolutePathSchema.optional(),
  parameters: PrintableSchema.max(4096).optional(),
});

/** What may stand under `driver_options.virsh` of a description. */
export const DriverOptionsSchema = z.strictObject({
  arch: z.enum(['x86_64', 's390x']).optional(),
  virt_type: z.enum(['kvm', 'qemu']).optional(),
  machine: WordSchema.optional(),
  cpu: CpuSchema.optional(),
  max_vcpus: z.int().min(1).max(4096).optional(),
  secure_boot: z.boolean().optional(),
  loadparm: loadparm.optional(),
  kernel: KernelSchema.optional(),
  disk: z
    .strictObject({
      bus: z.enum(['virtio', 'scsi', 'sata']).optional(),
      cache: z.enum(['none', 'writethrough', 'writeback', 'directsync', 'unsafe']).optional(),
    })
    .optional(),
  interface: z
    .strictObject({
      model: z.enum(['virtio', 'e1000e', 'e1000', 'rtl8139']).optional(),
      mtu: z.int().min(68).max(65_535).optional(),
      queues: z.int().min(1).max(256).optional(),
    })
    .optional(),
  console: z.enum(['serial', 'sclp', 'virtio']).optional(),
  graphics: z.array(GraphicsSchema).max(2).optional(),
  video: z.enum(['virtio', 'vga', 'qxl', 'bochs']).optional(),
  watchdog: z
    .strictObject({
      model: z.enum(['i6300esb', 'diag288']).optional(),
      action: z.enum(['reset', 'poweroff', 'pause', 'none', 'inject-nmi']),
    })
    .optional(),
  on_crash: z.enum(['destroy', 'restart', 'preserve', 'coredump-destroy', 'coredump-restart']).optional(),
  hugepages: z.boolean().optional(),
  hotplug_slots: z.int().min(0).max(64).optional(),
  host_devices: z.array(HostDeviceSchema).max(32).optional(),
});
export type DriverOptions = z.output<typeof DriverOptionsSchema>;
export type HostDevice = z.output<typeof HostDeviceSchema>;

/** @throws ComputeError REQUEST_INVALID */
export function driverOptions({
  driver_options: options,
}: Pick<ChangeParams<'spawn'>, 'driver_options'>): DriverOptions {
  const parsed = DriverOptionsSchema.safeParse(options?.[DRIVER_NAME] ?? {});
  if (parsed.success) return parsed.data;
  const { text, details } = describeIssues(parsed.error.issues);
  throw new ComputeError('REQUEST_INVALID', `driver_options.${DRIVER_NAME}: ${text}`, {
    driver: DRIVER_NAME,
    details: { mistakes: details },
  });
}
