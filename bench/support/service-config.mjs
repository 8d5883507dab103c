import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findConfig, loadConfig } from '../../dist/config/index.js';
import { VIRT_DRIVERS } from '../../dist/drivers/driver-registry.js';

/** Writes a configuration into a directory, which then holds everything of the service, and reads it as the service does. */
export function serviceConfig(directory, settings) {
  const file = join(directory, 'zenova.yaml');
  const keyFile = join(directory, 'secrets.key');
  writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  writeFileSync(
    file,
    JSON.stringify({
      state_dir: directory,
      secrets: { key_file: keyFile },
      audit: { file: join(directory, 'audit.log') },
      http: { enabled: false },
      log: { level: 'error' },
      ...settings,
    }),
  );
  const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
  return loadConfig(findConfig({ file, environment: {} }), { driverSettings, environment: {} });
}
