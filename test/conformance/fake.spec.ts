import { describeDriver } from './describe-driver.js';
import { fakeFixture } from './fixtures/fake.fixture.js';

describeDriver(fakeFixture());
