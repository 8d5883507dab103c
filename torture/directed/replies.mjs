/** 5.1, 5.6: what was told is stored; a repeat is recognised, also by a process that knows nothing but the journal. */
export async function replies(scene) {
  const { ledger, durable, asker } = scene;
  const instance = scene.reserved('cpc1', 'stopped');
  for (let n = 1; n <= 4; n++) {
    const method = n % 2 === 1 ? 'compute.power_on' : 'compute.power_off';
    const entry = await ledger.send(durable, { method, host: 'cpc1', instance });
    await scene.settled(entry);
    const { result } = (await asker.ask('operation.get', { message_id: entry.messageId })) ?? {};
    if (result !== undefined && result.finished_at === null)
      scene.observe('reply-before-outcome', `the outcome of ${entry.messageId} was told before it was stored`, result);
  }

  const spec = {
    method: 'compute.power_on',
    host: 'cpc1',
    instance: scene.reserved('cpc1', 'stopped'),
    key: ledger.newKey(),
    isUndisturbed: true,
  };
  const [first, twin] = await Promise.all([ledger.send(durable, spec), ledger.send(durable, spec)]);
  await Promise.all([scene.settled(first), scene.settled(twin)]);
  await scene.killAll();
  await scene.startAll();
  await scene.settled(await ledger.send(durable, spec));
  await scene.settled(await ledger.send(durable, { ...spec, method: 'compute.power_off', isMisuse: true }));
}
