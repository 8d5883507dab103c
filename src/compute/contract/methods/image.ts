import { z } from 'zod';
import { ImageDestinationSchema, ImageSchema, ImageSourceSchema } from '../description/image.js';
import { ChangeAnswerFields, ChangeFields, HostNameSchema, NameSchema } from '../fields.js';
import { defineMethod } from '../method.js';

const image = { host: HostNameSchema, image: NameSchema.describe('name of the image on the host') } as const;

/** `image.*`: what the instances of a host can be made of. */
export const imageMethods = {
  'image.list': defineMethod({
    kind: 'read',
    summary: 'List the images that a host has.',
    params: z.strictObject({ host: HostNameSchema }),
    result: z.object({ host: z.string(), images: z.array(ImageSchema) }),
    operation: 'listImages',
  }),
  'image.import': defineMethod({
    kind: 'change',
    summary: 'Bring an image to a host, under a name.',
    params: z.strictObject({ ...image, from: ImageSourceSchema, ...ChangeFields }),
    result: z.object({ ...ChangeAnswerFields, image: ImageSchema.optional() }),
    operation: 'importImage',
  }),
  'image.export': defineMethod({
    kind: 'change',
    summary: 'Copy an image of a host to somewhere else.',
    params: z.strictObject({ ...image, to: ImageDestinationSchema, ...ChangeFields }),
    result: z.object({ ...ChangeAnswerFields, image: ImageSchema.optional() }),
    operation: 'exportImage',
  }),
  'image.remove': defineMethod({
    kind: 'change',
    summary: 'Remove an image from a host.',
    params: z.strictObject({ ...image, ...ChangeFields }),
    result: z.object(ChangeAnswerFields),
    operation: 'removeImage',
  }),
} as const;
