import { hasVirtualSwitches, type Generation } from './generation.js';

/** What `list-features` of the console tells from API 4.10 on (hmc-dpm.md section 13). */
export const CONSOLE_FEATURES: readonly string[] = [
  'bcpii-notifications',
  'create-delete-activation-profiles',
  'environmental-metrics',
  'hmc-delete-retrieved-internal-code',
  'ldap-direct-authentication',
  'mobile-enhanced-push',
  'oem-hmc-ids',
  'rc-409-15',
  'report-a-problem',
];

/** The same for a CPC. Which machine has which is known of the last one only. */
export function cpcFeatures(generation: Generation): readonly string[] {
  return [
    'adapter-network-information',
    'cpc-delete-retrieved-internal-code',
    'cpc-install-and-activate',
    'secure-boot-with-certificates',
    'switch-support-elements',
    ...(hasVirtualSwitches(generation) ? [] : ['network-express-support']),
  ];
}
