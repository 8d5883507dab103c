import { describeDriver } from './describe-driver.js';
import { virshPowerFixture } from './fixtures/virsh-power.fixture.js';

describeDriver(virshPowerFixture);
