import { describeDriver } from './describe-driver.js';
import { hmczFixture } from './fixtures/hmcz.fixture.js';

describeDriver(hmczFixture);
