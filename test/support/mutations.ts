/** A small linear congruential generator: the same mutations in every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The text with one to four pieces of it cut off, removed, doubled, replaced, or something random inserted. */
export function mutate(text: string, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(text);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length + 1);
    const before = bytes.subarray(0, at);
    const length = 1 + random(12);
    const after = bytes.subarray(at + length);
    const something = Buffer.from(Array.from({ length }, () => random(256)));
    const syntax = Buffer.from('{}[]",:\\0n'.charAt(random(10)));
    const changes = [
      () => before, // cut off
      () => Buffer.concat([before, after]), // remove
      () => Buffer.concat([before, something, bytes.subarray(at)]), // insert
      () => Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)]), // double
      () => Buffer.concat([before, syntax, bytes.subarray(at + 1)]), // replace
      () => Buffer.concat([before, syntax, bytes.subarray(at + 1)]),
    ];
    bytes = Buffer.from(changes[random(changes.length)]?.() ?? bytes);
  }
  return bytes;
}
