import { brokenHosts } from './broken-hosts.js';
import { describeBroken } from './describe-broken.js';

describeBroken('a host', brokenHosts);
