import { inCheckout } from './checkout.mjs';

/**
 * The npm that runs us, else the one on the path.
 *
 * @param {...string} args
 * @returns {[command: string, args: string[], options: { cwd: string }]} to spread into `run` or `show`
 */
export function npm(...args) {
  const running = process.env['npm_execpath'];
  const cwd = inCheckout();
  return running?.endsWith('npm-cli.js') ? [process.execPath, [running, ...args], { cwd }] : ['npm', args, { cwd }];
}
