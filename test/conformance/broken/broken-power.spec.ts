import { brokenPower } from './broken-power.js';
import { describeBroken } from './describe-broken.js';

describeBroken('a machine', brokenPower);
