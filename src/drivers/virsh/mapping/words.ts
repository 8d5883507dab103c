import { z } from 'zod';

/** A name of libvirt's or QEMU's own: of a machine type, a model, a feature. */
export const WordSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/, 'must be letters, digits, or any of _ . + -');
