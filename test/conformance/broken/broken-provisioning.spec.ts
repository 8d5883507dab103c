import { brokenProvisioning } from './broken-provisioning.js';
import { describeBroken } from './describe-broken.js';

describeBroken('the making of an instance', brokenProvisioning);
