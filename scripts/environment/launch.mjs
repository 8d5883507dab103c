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
 * @param {() => Promise<import('../broker.mjs').BrokerOptions>} [own] what a broker of our own should be like
 * @returns {Promise<number>} the program's exit status
 */
export async function launch(file, args, own = async () => ({})) {
  await prepare();
  await build();
  return withBroker(own, async (url) => {
    const env = { ...process.env, ZENOVA_AMQP_URL: url };
    const { status } = await showTethered([inCheckout(file), ...args], { env });
    return status;
  });
}
