import { brokenClaims } from './broken-claims.js';
import { describeBroken } from './describe-broken.js';

describeBroken('a declaration', brokenClaims);
