/** What is asked, and the states before, of all partitions that it may concern. */
const QUESTIONS = [
  { action: 'status', name: 'db.prod', before: { 'db.prod': 'active', 'db-prod': 'stopped' } },
  { action: 'off', name: 'db.prod', before: { 'db.prod': 'active', 'db-prod': 'active' } },
  { action: 'status', name: 'half-cabled', before: { 'half-cabled': 'degraded' } },
  { action: 'off', name: 'half-cabled', before: { 'half-cabled': 'degraded' } },
  { action: 'on', name: 'halted', before: { halted: 'paused' } },
];

/** Partitions that the questions are about. The first name, as a pattern, is the second one's too, which comes first. */
export const oddPartitions = [
  { name: 'db-prod', status: 'active' },
  { name: 'db.prod', status: 'active' },
  { name: 'half-cabled', status: 'degraded', starts_as: 'degraded' },
  { name: 'halted', status: 'paused' },
];

/**
 * Where fence_ibmz and Zenova do not do the same, as it is seen at the HMC: what each answers, and the states afterwards.
 *
 * @param byFence does an action on a partition with fence_ibmz
 * @param byZenova calls a method for a partition
 */
export async function differences(hmc, byFence, byZenova) {
  const told = [];
  for (const { action, name, before } of QUESTIONS) {
    const row = { asked: `${action} of ${name}`, before: statesAsText(before) };
    const works = {
      fence: async () => fenceAnswer(await byFence(action, name)),
      zenova: async () => zenovaAnswer(byZenova(action === 'status' ? 'power.query' : `power.${action}`, name)),
    };
    for (const [who, work] of Object.entries(works)) {
      for (const [partition, status] of Object.entries(before)) await hmc.ask('setStatus', { name: partition, status });
      const answer = await work();
      const after = {};
      for (const partition of Object.keys(before)) after[partition] = await hmc.ask('status', partition);
      row[who] = { answer, after: statesAsText(after) };
    }
    told.push(row);
  }
  return told;
}

const statesAsText = (states) =>
  Object.entries(states)
    .map(([name, status]) => `${name} ${status}`)
    .join(', ');

/** Its exit status, and what it says; the refusal of the HMC stands in its log. */
function fenceAnswer({ status, output, errors }) {
  const [, refusal] = /^HTTP Response status: (\d+)$/m.exec(errors) ?? [];
  const said = refusal === undefined ? output.trim().split('\n').at(-1) : `the HMC answers ${refusal}`;
  return `exit status ${status}, ${said}`;
}

async function zenovaAnswer(answering) {
  try {
    const { state, native_state: native, outcome } = await answering;
    return `${outcome === undefined ? '' : `${outcome}: `}${state} (${native})`;
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
}
