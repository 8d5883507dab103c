/** Says something to whoever watches the tests: what they did not do, and why. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
