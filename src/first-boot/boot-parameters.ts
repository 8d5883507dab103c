/**
 * The kernel parameter by which cloud-init finds a seed (`ds=nocloud;s=`; the older name `nocloud-net` means the same, and makes
 * cloud-init 24.1 and newer call its result degraded).
 *
 * cloud-init takes it apart at spaces and semicolons and knows no quotes, so none stand here; where it goes through a shell or
 * GRUB, the semicolon has to be escaped there. On IBM Z it is added to the kernel's parameters from those of the load; the kernel turns these
 * into small letters when they have no small letter at all (`arch/s390/boot/ipl_parm.c`), which an address always has.
 * DPM takes 256 characters of them (`boot-os-specific-parameters`; openstack/nova-dpm, BOOT_OS_SPECIFIC_PARAMETERS_MAX_LEN); an address of ours has at most 170.
 *
 * @param url of the offer
 */
export function seedKernelParameter(url: string): string {
  return `ds=nocloud;s=${url}`;
}
