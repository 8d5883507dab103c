import { build } from './build.mjs';
import { inCheckout } from './checkout.mjs';
import { prepare } from './prepare.mjs';
import { showTethered } from './run.mjs';
import { withBroker } from './with-broker.mjs';

/**
 * Installs, builds, finds or starts a broker, then runs a program of this checkout with it.
 *
 * @param {string} file relative to the checkout
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {() => Promise<import('../broker.mjs').BrokerOptions>} [options.own] what a broker of our own should be like
 * @param {() => Promise<boolean>} [options.needsBroker] asked when everything is built; the program runs without a broker
 *   from us when it does not
 * @returns {Promise<number>} the program's exit status
 */
export async function launch(file, args, { own = async () => ({}), needsBroker = async () => true } = {}) {
  await prepare();
  await build();
  const program = [inCheckout(file), ...args];
  if (!(await needsBroker())) return (await showTethered(program)).status;
  return withBroker(own, async (url) => {
    const env = { ...process.env, ZENOVA_AMQP_URL: url };
    return (await showTethered(program, { env })).status;
  });
}
