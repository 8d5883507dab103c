import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.js';

const SYSTEM_STATE_DIR = '/var/lib/zenova';

/** Where state is kept when the configuration does not say. */
export function defaultStateDir(environment: Environment): string {
  try {
    accessSync(SYSTEM_STATE_DIR, constants.W_OK | constants.X_OK);
    return SYSTEM_STATE_DIR;
  } catch {
    const state = environment['XDG_STATE_HOME'];
    return join(state !== undefined && state !== '' ? state : join(homedir(), '.local', 'state'), 'zenova');
  }
}
