import { describeDriver } from './describe-driver.js';
import { hmcDpmFixture } from './fixtures/hmc-dpm.fixture.js';

describeDriver(hmcDpmFixture);
