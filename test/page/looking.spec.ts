import { describe, expect, it } from '@jest/globals';

type OneAtATime = (look: () => Promise<void>) => () => Promise<void>;
const file = new URL('../../page/looking.mjs', import.meta.url).href;
const { oneAtATime } = (await import(file)) as { oneAtATime: OneAtATime };

describe('what is looked at once at a time', () => {
  it('is looked at once more when that is asked for meanwhile, however often', async () => {
    let looks = 0;
    let answer = (): void => undefined;
    const look = oneAtATime(() => {
      looks += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const all = Promise.all([look(), look(), look()]);
    expect(looks).toBe(1);
    answer();
    await Promise.resolve();
    expect(looks).toBe(2);
    answer();
    await all;
    expect(looks).toBe(2);
  });

  it('is looked at again after a look that failed', async () => {
    let looks = 0;
    const look = oneAtATime(() => (++looks === 1 ? Promise.reject(new Error('away')) : Promise.resolve()));
    await expect(look()).rejects.toThrow('away');
    await look();
    expect(looks).toBe(2);
  });
});
