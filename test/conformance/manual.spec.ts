import { describeDriver } from './describe-driver.js';
import { manualFixture } from './fixtures/manual.fixture.js';

describeDriver(manualFixture);
