/** The answer, printed already, says that something is not as it should be: exit code 1 without another word. */
export class NotOk extends Error {
  override readonly name = 'NotOk';
}
