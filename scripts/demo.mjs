/** `npm run demo`: the tour, over a real broker against the simulated estate. */
import { launch } from './environment/launch.mjs';
import { main } from './environment/stop.mjs';

await main(() => launch('dist/demo/main.js', process.argv.slice(2)));
