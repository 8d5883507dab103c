import { join } from 'node:path';
import sequencer from '@jest/test-sequencer';

/** The package has types for its CommonJS form alone, in which the class is the default of the default. */
const TestSequencer = /** @type {typeof sequencer.default} */ (/** @type {unknown} */ (sequencer));

/** What takes minutes, the longest first. Jest goes by the sizes of files as long as it has never run them, and some of these are small. */
const longest = [
  'test/conformance/virsh.spec.ts',
  'test/docs/documents.e2e-spec.ts',
  'test/integration/virsh/migrate.spec.ts',
  'test/transport/oslo-service.e2e-spec.ts',
  'test/page/page.e2e-spec.ts',
  'test/integration/hmc-dpm/fault-walk.spec.ts',
  'test/scripts/guests.e2e-spec.ts',
  'test/integration/virsh/program.spec.ts',
  'test/integration/virsh/device-crash.spec.ts',
  'test/e2e/torture.e2e-spec.ts',
];

/** Begins what takes longest at first: while the last one runs, all other workers have nothing to do. */
export default class LongestFirst extends TestSequencer {
  /**
   * @override
   * @type {InstanceType<typeof TestSequencer>['sort']}
   */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const first = longest.flatMap((path) =>
      sorted.filter((test) => test.path === join(test.context.config.rootDir, path)),
    );
    return [...first, ...sorted.filter((test) => !first.includes(test))];
  }
}
