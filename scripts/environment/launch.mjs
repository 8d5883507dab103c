import { build } from './build.mjs';
import { inCheckout } from './checkout.mjs';
import { prepare } from './prepare.mjs';
import { showTethered } from './run.mjs';
import { withServices } from './with-services.mjs';

/**
 * Installs, builds, finds or starts services, then runs a program of this checkout with them.
 *
 * @param {string} file relative to the checkout
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {import('./prepare.mjs').Needs} [options.needs] a broker when not given
 * @param {() => Promise<import('../broker.mjs').BrokerOptions>} [options.own] what a broker of our own should be like
 * @param {() => Promise<boolean>} [options.needsBroker] asked when everything is built; the program runs without a broker
 *   from us when it does not
 * @returns {Promise<number>} the program's exit status
 */
export async function launch(file, args, options = {}) {
  const { needs = { broker: 'reachable' }, own = async () => ({}), needsBroker = async () => true } = options;
  await prepare(needs);
  await build();
  const program = [inCheckout(file), ...args];
  const services = {
    ...(needs.broker && (await needsBroker()) ? { broker: own } : {}),
    ...(needs.postgres ? { postgres: async () => ({}) } : {}),
  };
  return withServices(services, async (env) => (await showTethered(program, { env })).status);
}
