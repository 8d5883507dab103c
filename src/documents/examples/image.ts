import { EXAMPLE_OPERATION_ID, type ExamplesOf } from './example.js';

const source = 'https://images.example/debian-13-s390x.qcow2';
const image = { host: 'fake1', image: 'debian-13' };
export const EXAMPLE_IMAGE = {
  name: 'debian-13',
  id: null,
  format: 'qcow2',
  size_bytes: 419_430_400,
  checksum: null,
  native: {},
};
const done = { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done' } as const;

export const imageExamples: ExamplesOf<'image'> = {
  'image.list': { params: { host: 'fake1' }, result: { host: 'fake1', images: [EXAMPLE_IMAGE] } },
  'image.import': {
    params: { ...image, from: { source, format: 'qcow2' } },
    result: { ...done, image: EXAMPLE_IMAGE },
  },
  'image.export': {
    params: { ...image, to: { url: 'file:///var/lib/images/debian-13.raw', format: 'raw' } },
    result: { ...done, image: EXAMPLE_IMAGE },
  },
  'image.remove': { params: image, result: done },
};
