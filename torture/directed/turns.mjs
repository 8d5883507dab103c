/** 5.2: one operation at a time on a target, by whatever name it is called, in order of acceptance. */
export async function turns(scene) {
  const { ledger, durable } = scene;
  const instance = scene.reserved('cpc1', 'active');
  const entries = [];
  for (const [i, method] of ['reboot', 'power_off', 'power_on', 'reboot', 'power_off', 'power_on'].entries()) {
    entries.push(
      await ledger.send(durable, {
        method: `compute.${method}`,
        host: i % 2 === 0 ? 'cpc1' : 'cpc1-too',
        instance,
        isUndisturbed: true,
      }),
    );
  }
  await Promise.all(entries.map((entry) => scene.settled(entry)));
}
