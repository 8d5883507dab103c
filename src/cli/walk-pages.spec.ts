import { describe, expect, it } from '@jest/globals';
import { walkPages, type PageUnderWay } from './walk-pages.js';

/** Pages `0` to `count - 1`, each of which ends when it is told to. */
class Pages {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();

  constructor(private readonly count: number) {}

  readonly begin = (after: string | undefined): PageUnderWay => {
    const name = after ?? '0';
    this.begun.push(name);
    const next = Number(name) + 1 < this.count ? String(Number(name) + 1) : null;
    const done = new Promise<void>((resolve, reject) => this.#ends.set(name, { resolve, reject }));
    return { next: Promise.resolve(next), done };
  };

  end(...names: string[]): void {
    for (const name of names) this.#ends.get(name)?.resolve();
  }

  fail(name: string): void {
    this.#ends.get(name)?.reject(new Error(`page ${name}`));
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('walking through pages', () => {
  it('has a few under way, and goes on when any of them ends', async () => {
    const pages = new Pages(6);
    const walk = walkPages(undefined, pages.begin);
    await settled();
    expect(pages.begun).toEqual(['0', '1', '2', '3']);
    pages.end('2');
    await settled();
    expect(pages.begun).toEqual(['0', '1', '2', '3', '4']);
    pages.end('1', '3', '4');
    await settled();
    expect(pages.begun).toHaveLength(6);
    pages.end('5', '0');
    await walk;
  });

  it('begins where it is told to, and ends with one page', async () => {
    const pages = new Pages(4);
    const walk = walkPages('3', pages.begin);
    await settled();
    pages.end('3');
    await walk;
    expect(pages.begun).toEqual(['3']);
  });

  it('fails with a page that fails, however many others do', async () => {
    const pages = new Pages(9);
    const walk = walkPages(undefined, pages.begin);
    await settled();
    pages.fail('1');
    pages.fail('0');
    await expect(walk).rejects.toThrow('page 1');
    expect(pages.begun).toHaveLength(4);
  });
});
