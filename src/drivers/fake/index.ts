import { createFakeDriver } from './fake.driver.js';

export { createFakeDriver };
export { FakeEstate } from './fake-estate.js';
/** The driver `fake`. */
export const fakeDriver = createFakeDriver();
