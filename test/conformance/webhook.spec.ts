import { describeDriver } from './describe-driver.js';
import { webhookFixture } from './fixtures/webhook.fixture.js';

describeDriver(webhookFixture());
