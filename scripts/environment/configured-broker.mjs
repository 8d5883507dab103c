import { inCheckout } from './checkout.mjs';
import { run } from './run.mjs';

/** What the service uses when nothing else is configured. */
const defaultUrl = 'amqp://127.0.0.1:5672';

/**
 * Does the service depend on us for its broker? Not when its configuration names one, which ours must not replace. And not
 * when it is not going to serve: a mistake, or a help text, is told by the service itself and needs no broker.
 *
 * @param {readonly string[]} args of `zenova serve`
 * @returns {Promise<boolean>}
 */
export async function needsBroker(args) {
  if (process.env['ZENOVA_AMQP_URL']) return true; // findBroker looks whether it is there
  try {
    const program = [inCheckout('dist', 'main.js'), 'config', 'show', '--json', ...args];
    const shown = await run(process.execPath, program, { env: process.env });
    const { amqp } = /** @type {{ amqp: { url: unknown } }} */ (JSON.parse(shown));
    return amqp.url === defaultUrl;
  } catch {
    return false;
  }
}
