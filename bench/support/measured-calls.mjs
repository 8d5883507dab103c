import { closedLoop } from './closed-loop.mjs';
import { ready } from './peer-process.mjs';
import { ProcessCost } from './process-cost.mjs';

/** In a peer that calls what it measures itself: offers to `run` so many calls, and answers their figures with what they cost. */
export function readyToRun(call) {
  const cost = new ProcessCost();
  ready({
    async run(options) {
      cost.begin();
      const figures = await closedLoop(call, options);
      return { ...figures, ...cost.end() };
    },
  });
}
