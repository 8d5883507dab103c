/**
 * The kernel parameter by which cloud-init finds a seed (`ds=nocloud;s=…;i=…`; the older name `nocloud-net` means the same, and makes
 * cloud-init 24.1 and newer call its result degraded).
 *
 * cloud-init takes it apart at spaces and semicolons and knows no quotes, so none stand here; where it goes through a shell or
 * GRUB, the semicolon has to be escaped there. On IBM Z it is added to the kernel's parameters from those of the load; the kernel turns these
 * into small letters when they have no small letter at all (`arch/s390/boot/ipl_parm.c`), which an address always has.
 *
 * The instance's id is told here as well, since the parameters stay and the seed does not: at later starts cloud-init takes what it
 * has kept for its own by this id alone, without asking for the seed (`cloudinit/sources/DataSourceNoCloud.py`,
 * check_instance_id). Otherwise it would find nothing, and take the guest for a new one.
 *
 * DPM takes 256 characters of them (`boot-os-specific-parameters`; openstack/nova-dpm, BOOT_OS_SPECIFIC_PARAMETERS_MAX_LEN); an address of ours has at most 170.
 *
 * @param url of the offer
 * @param instanceId as in the seed
 */
export function seedKernelParameter(url: string, instanceId: string): string {
  return `ds=nocloud;s=${url};i=${instanceId}`;
}

/** The parameters of a kernel without those that {@link seedKernelParameter} has put among them. */
export function withoutSeedParameter(parameters: string): string {
  return parameters
    .split(' ')
    .filter((parameter) => !parameter.startsWith('ds=nocloud;s='))
    .join(' ');
}
