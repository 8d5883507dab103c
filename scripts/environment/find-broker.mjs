import { amqpAnswer } from '../broker/amqp-probe.mjs';
import { Stop } from './stop.mjs';

const localUrl = 'amqp://guest:guest@127.0.0.1:5672';

/**
 * The broker that is already there: the one that ZENOVA_AMQP_URL names, else one on this machine's default port.
 *
 * @returns {Promise<string | undefined>} its URL
 * @throws {Stop} when ZENOVA_AMQP_URL names none that answers: silently taking another would be worse
 */
export async function findBroker() {
  const named = process.env['ZENOVA_AMQP_URL'];
  if (!named) return (await amqpAnswer(localUrl)) === 'amqp' ? localUrl : undefined;

  if (!URL.canParse(named) || !/^amqps?:$/.test(new URL(named).protocol))
    throw new Stop('ZENOVA_AMQP_URL is not a URL of the form amqp://user:password@host:5672/vhost (or amqps://).');
  const answer = await amqpAnswer(named);
  if (answer === 'amqp') return named;
  const what = answer === 'nothing' ? 'Nothing answers' : 'Something answers, but not in AMQP 0-9-1,';
  throw new Stop(
    `${what} at ${withoutPassword(named)}, which ZENOVA_AMQP_URL names. ` +
      'Start that broker, correct the variable, or unset it to have a private broker started.',
  );
}

/** @param {string} url */
export function withoutPassword(url) {
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}
