import { EXIT, type ExitCode } from './exit-codes.js';

/** The answer, printed already, says that something is not as it should be: an exit code without another word. */
export class NotOk extends Error {
  override readonly name = 'NotOk';

  constructor(readonly exitCode: ExitCode = EXIT.failed) {
    super();
  }
}
