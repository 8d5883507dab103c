/** 5.4: what a device did not answer is looked into, never sent again blindly. */
export async function lostAnswers(scene) {
  const { ledger, durable, simulator } = scene;
  const start = { method: 'POST', path: '*/operations/start' };
  const faults = [
    // Arrived, not carried out, not answered: nobody can know.
    { kind: 'connection-reset' },
    // Carried out, and nobody told.
    { kind: 'answer-lost' },
    { kind: 'html-error', when: 'after', status: 502 },
  ];
  const entries = [];
  for (const fault of faults) {
    const instance = scene.reserved('cpc1', 'stopped');
    simulator.fault({ ...start, ...fault, partition: instance });
    entries.push(await ledger.send(durable, { method: 'compute.power_on', host: 'cpc1', instance }));
  }
  await Promise.all(entries.map((entry) => scene.settled(entry)));
}
