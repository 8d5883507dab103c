import type { AnyVirtDriver } from '../../src/compute/contract/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import {
  complete,
  missing,
  partial,
  type Evidence,
  type EvidenceByDriver,
  type FeatureClaim,
  type Scenario,
  type VirtFeatureId,
} from '../../src/features/index.js';

/** Whoever shows this as markup instead of text has lost. */
export const HOSTILE_TEXT = `<img src=x onerror="globalThis.stolen=1"><script>globalThis.stolen=1</script>|\`'&`;

const [pattern] = VIRT_DRIVERS;

/** A driver that exists in the matrix only: nobody opens a host of it. */
function played(name: string, title: string, changed: Partial<Record<VirtFeatureId, FeatureClaim>>): AnyVirtDriver {
  if (pattern === undefined) throw new Error('there is no driver');
  const features: Readonly<Record<string, FeatureClaim>> = { ...pattern.features, ...changed };
  return { ...pattern, name, title, features: features as AnyVirtDriver['features'] };
}

/** The real drivers, one whose name ends like a form of the matrix, and one with texts that nobody may take for markup. */
export const SAMPLE_DRIVERS: readonly AnyVirtDriver[] = [
  ...VIRT_DRIVERS,
  played('old.html', 'A driver of an older time', {
    'operation.launch': complete,
    'operation.terminate': complete,
    'operation.get-guest-info': complete,
    'storage.image': partial('images of at most 2 TiB, in qcow2 or raw'),
    'guest.setup.configdrive': complete,
    'console.vnc': complete,
    'networking.topology.vlan': complete,
    'storage.block': complete,
  }),
  played(`<b>odd</b>`, HOSTILE_TEXT, {
    'operation.pause': partial(HOSTILE_TEXT),
    'operation.snapshot': missing(HOSTILE_TEXT),
    'operation.live-migrate': complete,
    'console.serial.log': complete,
  }),
];

/** Evidence that proves some of what these drivers declare, in every way in which evidence can turn out. */
export const SAMPLE_EVIDENCE: EvidenceByDriver = new Map(
  SAMPLE_DRIVERS.filter(({ name }) => name !== 'fake').map((driver) => [driver.name, evidenceOf(driver)]),
);

function evidenceOf({ name, features }: AnyVirtDriver): Evidence {
  const backend = name.startsWith('<') ? HOSTILE_TEXT : `${name} simulator`;
  const grade = name === 'old.html' ? 'live' : 'simulator';
  const scenarios = Object.entries(features).flatMap(([feature, claim]: [string, FeatureClaim], index): Scenario[] => {
    const scenario = (kind: Scenario['kind'], title: string): Scenario => ({
      id: `${feature}/${kind}`,
      feature,
      kind,
      title: name.startsWith('<') ? HOSTILE_TEXT : title,
      grade,
      backend: `${backend} 4.10`,
      result: index % 11 === 5 ? 'failed' : 'passed',
    });
    if (claim.level === 'missing') return [scenario('negative', 'is refused without a request')];
    const works = scenario('positive', 'does what was asked for, and says so');
    return claim.level === 'complete' ? [works] : [works, scenario('limit', 'refuses what is beyond its limits')];
  });
  return {
    schema_version: 1,
    driver: name,
    backends: [{ name: backend, version: '4.10', grade }],
    scenarios: scenarios.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}
