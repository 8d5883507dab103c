import { sites } from '../load/sites.mjs';

const rounds = 4;

/** 5.2: operations on the same two targets, each in the direction that the other comes from, do not wait for each other. */
export async function crossing(scene) {
  const { ledger, durable } = scene;
  const [here, there] = Object.keys(sites);
  const guests = Object.values(sites)
    .flat()
    .filter((name) => name.startsWith('guest'));
  const requests = Array.from({ length: rounds }, () => [
    [here, there],
    [there, here],
  ])
    .flat()
    .flatMap(([host, destination]) => guests.map((instance) => ({ host, instance, options: { destination } })));
  const entries = await Promise.all(
    requests.map((request) =>
      ledger.send(durable, { method: 'compute.live_migrate', ...request, isUndisturbed: true }),
    ),
  );
  const outcomes = await Promise.all(entries.map((entry) => scene.settled(entry)));
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome?.result !== undefined) continue;
    scene.observe(
      'locks-crossed',
      `a migration of ${requests[i].instance} from ${requests[i].host}, while others go there and back, was not carried out`,
      outcome ?? 'no outcome',
    );
  }
}
