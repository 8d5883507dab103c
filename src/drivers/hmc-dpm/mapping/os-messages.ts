import type { ConsoleLog } from '../../../compute/contract/index.js';
import type { OsMessage } from '../client/hmc-console.js';

/** The longest log that is told, in characters: answers have to fit into messages of the broker. */
const LONGEST_LOG = 512 * 1024;

/**
 * Messages of an operating system as a log, a line each, or more where a message has more: the time as the HMC gives it, then
 * what makes a message special, then its text.
 */
export function consoleLogOf(messages: readonly OsMessage[], tailLines: number | undefined): ConsoleLog {
  const all = messages.flatMap(linesOf);
  const tail = tailLines === undefined ? all : all.slice(-tailLines);
  const log = tail.join('');
  const isTooLong = log.length > LONGEST_LOG;
  return {
    log: isTooLong ? endOf(log) : log,
    isCut: isTooLong || tail.length < all.length || areSomeLost(messages),
  };
}

function linesOf(message: OsMessage): string[] {
  const { timestamp, 'message-text': text, 'prompt-text': prompt } = message;
  const time = typeof timestamp === 'number' ? isoTime(timestamp) : timestamp;
  const head = [
    time === undefined || time === null || time === '' ? undefined : time,
    message['is-priority'] === true ? '[priority]' : undefined,
    message['is-held'] === true ? '[held]' : undefined,
  ];
  const tail = prompt === undefined || prompt === null || prompt === '' ? undefined : `[answers to: ${prompt}]`;
  const whole = [...head, text.replace(/[\r\n]+$/, ''), tail].filter((part) => part !== undefined).join(' ');
  return whole.split(/\r*\n/).map((line) => `${line}\n`);
}

/** A number that is no time stays one. */
function isoTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}

/** Its last lines, or of a line that is too long by itself, its end. */
function endOf(log: string): string {
  const end = log.slice(-LONGEST_LOG);
  const next = end.indexOf('\n') + 1;
  return next === end.length ? end : end.slice(next);
}

/** Messages are numbered; those that are missing at the beginning or in between, the HMC has no longer. */
function areSomeLost(messages: readonly OsMessage[]): boolean {
  let expected: number | undefined;
  return messages.some(({ 'sequence-number': number }) => {
    if (typeof number !== 'number') return false;
    const isGap = expected === undefined ? number > 1 : number !== expected;
    expected = number + 1;
    return isGap;
  });
}
