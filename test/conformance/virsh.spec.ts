import { describeDriver } from './describe-driver.js';
import { virshFixture } from './fixtures/virsh.fixture.js';

describeDriver(virshFixture);
