import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ConsoleEnd, Input, OpenConsole } from './cli-parts.js';
import { attachTo } from './console-session.js';

class Typed extends PassThrough {
  readonly modes: boolean[] = [];

  constructor(readonly isTTY: boolean) {
    super();
  }

  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }
}

/** A console that remembers what reached it. */
class Reached implements OpenConsole {
  text = '';
  closed = 0;
  end: (end: ConsoleEnd) => void = () => undefined;
  readonly ended = new Promise<ConsoleEnd>((resolve) => {
    this.end = resolve;
  });

  send(text: string): void {
    this.text += text;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

let console: Reached;
let typed: Typed;
let interruption: AbortController;
beforeEach(() => {
  console = new Reached();
  typed = new Typed(true);
  interruption = new AbortController();
});

const attached = (input: Input = typed) => attachTo(console, input, interruption.signal);

describe('a session with a console', () => {
  test('sends every key, and ends with ^], which is not sent', async () => {
    const session = attached();
    typed.write('ls\r');
    typed.write('\u0003\u0004');
    typed.write('exit\u001dnot this');
    await expect(session).resolves.toEqual({ kind: 'left' });
    expect(console).toMatchObject({ text: 'ls\r\u0003\u0004exit', closed: 1 });
    expect(typed.modes).toEqual([true, false]);
    typed.write('nor this');
    expect(console.text).not.toContain('this');
  });

  test('keeps characters whole that come in pieces', async () => {
    const session = attached();
    const [first, second] = Buffer.from('ü');
    typed.write(Buffer.of(first ?? 0));
    typed.write(Buffer.of(second ?? 0, 0x1d));
    await session;
    expect(console.text).toBe('ü');
  });

  test('leaves a pipe as it is, and ends with it', async () => {
    const pipe = new Typed(false);
    const session = attached(pipe);
    pipe.end('uptime\n');
    await expect(session).resolves.toEqual({ kind: 'left' });
    expect(console).toMatchObject({ text: 'uptime\n', closed: 1 });
    expect(pipe.modes).toEqual([]);
  });

  test('ends when the console does', async () => {
    const session = attached();
    console.end({ isBroken: true, reason: 'gone' });
    await expect(session).resolves.toEqual({ kind: 'closed', isBroken: true, reason: 'gone' });
    expect(typed.modes).toEqual([true, false]);
    expect(typed.listenerCount('data')).toBe(0);
  });

  test('ends when it is interrupted, and gives the terminal back', async () => {
    const session = attached();
    interruption.abort();
    await expect(session).resolves.toEqual({ kind: 'interrupted' });
    expect(typed.modes).toEqual([true, false]);
    expect(console.closed).toBe(1);
  });
});
