/** `npm start [-- <arguments of zenova serve>]`: everything that the service needs, then the service. */
import { isPortFree } from './server/free-port.mjs';
import { inCheckout } from './environment/checkout.mjs';
import { needsBroker } from './environment/configured-broker.mjs';
import { launch } from './environment/launch.mjs';
import { main } from './environment/stop.mjs';

const defaultPort = 5672; // where callers look for a broker when they are told nothing
const args = process.argv.slice(2);

/** @returns {Promise<import('./broker.mjs').BrokerOptions>} */
async function own() {
  const dataDir = inCheckout('.zenova', 'rabbitmq');
  return (await isPortFree(defaultPort)) ? { dataDir, port: defaultPort } : { dataDir };
}

await main(() => launch('dist/main.js', ['serve', ...args], { own, needsBroker: () => needsBroker(args) }));
