/** Runs on sources: swc strips the types (tsc checks them first), jest's ESM loader runs what remains. */
const swc = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2023',
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^node-libvirt$': '<rootDir>/packages/node-libvirt/src/index.ts',
  },
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/packages'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  testMatch: ['**/*.spec.ts', '**/*.e2e-spec.ts'],
  // Tells what hangs, not what is slow: the machine may be busy with something else.
  testTimeout: 240_000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/scripts/jest/longest-first.mjs',
};
