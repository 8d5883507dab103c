import { startBroker } from '../broker.mjs';
import { findBroker, withoutPassword } from './find-broker.mjs';

/**
 * Runs something with a broker: the one that is already there, else one of our own that ends afterwards.
 *
 * @param {() => Promise<import('../broker.mjs').BrokerOptions>} own what a broker of our own should be like
 * @param {(url: string) => Promise<number>} body
 * @returns {Promise<number>} what the body returned
 */
export async function withBroker(own, body) {
  const found = await findBroker();
  if (found) {
    console.log(`Using the RabbitMQ at ${withoutPassword(found)}`);
    return body(found);
  }
  const broker = await startBroker(await own());
  console.log(`Started a RabbitMQ at ${withoutPassword(broker.url)}, loopback only; its data are in ${broker.dataDir}`);
  try {
    return await body(broker.url);
  } finally {
    await broker.stop();
  }
}
