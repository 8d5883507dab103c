import { brokenInstances } from './broken-instances.js';
import { describeBroken } from './describe-broken.js';

describeBroken('an instance', brokenInstances);
