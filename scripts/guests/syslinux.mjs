/**
 * @param {readonly string[]} kernelParameters
 * @returns {string} what syslinux and isolinux read: to start the one system that there is, at once
 */
export function syslinuxConfig(kernelParameters) {
  return `DEFAULT zenova\nLABEL zenova\n  LINUX /kernel\n  INITRD /initrd\n  APPEND ${kernelParameters.join(' ')}\n`;
}
