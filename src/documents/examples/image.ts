import { EXAMPLE_OPERATION_ID, type ExamplesOf } from './example.js';

export const EXAMPLE_IMAGE_ADDRESS = 'https://images.example/debian-13-s390x.qcow2';
const image = { host: 'fake1', image: 'debian-13-s390x' };
export const EXAMPLE_IMAGE = {
  name: 'debian-13-s390x',
  id: null,
  format: 'qcow2',
  size_bytes: 419_430_400,
  checksum: 'sha256:9bc7bc60fe91d30ba221c2cdbe3427bbfb96527726bd04c38553cb3dc4239505',
  native: {},
};
const done = { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done' } as const;

export const imageExamples: ExamplesOf<'image'> = {
  'image.list': { params: { host: 'fake1' }, result: { host: 'fake1', images: [EXAMPLE_IMAGE] } },
  'image.import': {
    params: { ...image, from: { source: EXAMPLE_IMAGE_ADDRESS, format: 'qcow2' } },
    result: { ...done, image: EXAMPLE_IMAGE },
  },
  'image.export': {
    params: { ...image, to: { url: 'file:///var/lib/images/debian-13-s390x.raw', format: 'raw' } },
    result: {
      ...done,
      image: { ...EXAMPLE_IMAGE, name: 'file:///var/lib/images/debian-13-s390x.raw', format: 'raw' },
    },
  },
  'image.remove': { params: image, result: done },
};
