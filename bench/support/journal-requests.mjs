/** More endpoints and instances than requests in flight, so that what is measured is the journal and not a queue before it. */
const HOSTS = 16;
const INSTANCES = 100;

/** Hosts of the configuration. */
export const hosts = Object.fromEntries(
  Array.from({ length: HOSTS }, (_, i) => [
    `fake-${i}`,
    { driver: 'fake', settings: { instances: INSTANCES, initial_state: 'running' } },
  ]),
);

/** Requests that always change something, which is one step of the device, on one instance after the other. */
export function requests() {
  let count = 0;
  return () => {
    const number = count++ % (HOSTS * INSTANCES);
    const instance = `instance-${String(Math.floor(number / HOSTS) + 1).padStart(4, '0')}`;
    return { pattern: 'power.cycle', data: { host: `fake-${number % HOSTS}`, instance } };
  };
}
