import { changeLevel, type LeveledLog, type LogLevel } from './common/log.js';
import type { Held } from './held.js';

/** SIGUSR2 makes the log one for debugging, and a second one makes it what it was. */
export function toggleDebugOnSignal(log: LeveledLog, held: Held): void {
  let before: LogLevel | undefined;
  const toggle = (): void => {
    const level = log.level === 'debug' ? (before ?? 'info') : 'debug';
    before = log.level;
    changeLevel(log, level, 'SIGUSR2');
  };
  process.on('SIGUSR2', toggle);
  held.add('the signal for the log', async () => {
    process.off('SIGUSR2', toggle);
  });
}
