/**
 * Of what daemons have learned of their emulators, which takes each of them seconds of a processor otherwise. Two that fill it at once do no
 * harm: what cannot be read is learned anew.
 */
export const LIBVIRT_CACHE = new URL('../../.zenova/libvirtd', import.meta.url).pathname;
