import type { AnyVirtDriver } from '../../src/compute/contract/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import {
  VIRT_FEATURE_IDS,
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

const COMMON: Claims = {
  'operation.get-guest-info': complete,
  'operation.get-host-info': complete,
  'operation.reboot': complete,
};
/** Their tests have failed. */
const FAILED: readonly string[] = ['operation.pause', 'operation.attach-interface', 'console.rdp'];

type Claims = Partial<Record<VirtFeatureId, FeatureClaim>>;
interface SampleOptions {
  readonly name: string;
  readonly title: string;
  /** Why it has nothing else. */
  readonly reason: string;
  /** Besides what all of them have. */
  readonly claims: Claims;
}

/** A driver whose claims are those of the sample, whatever real drivers learn; hosts of its name open as they do. */
function sample({ name, title, reason, claims }: SampleOptions): AnyVirtDriver {
  const driver = VIRT_DRIVERS.find((one) => one.name === name) ?? VIRT_DRIVERS[0];
  if (driver === undefined) throw new Error('there is no driver');
  const all: Claims = { ...COMMON, ...claims };
  const features = Object.fromEntries(VIRT_FEATURE_IDS.map((id) => [id, all[id] ?? missing(reason)]));
  return { ...driver, name, title, features: features as AnyVirtDriver['features'] };
}

const NO_SUCH = 'DPM has no such operation';

/** Drivers of every kind: one that nothing is proven of, one named like a form of the matrix, one with texts that nobody may take for markup. */
export const SAMPLE_DRIVERS: readonly AnyVirtDriver[] = [
  sample({ name: 'hmc-dpm', title: 'IBM Z and LinuxONE in DPM mode, through the HMC', reason: NO_SUCH, claims: {} }),
  sample({
    name: 'fake',
    title: 'Fake (instances in memory)',
    reason: 'the fake driver does not play this part yet',
    claims: {
      'operation.maintenance-mode': complete,
      'operation.live-migrate': complete,
      'operation.pause': complete,
      'operation.unpause': complete,
    },
  }),
  sample({
    name: 'old.html',
    title: 'A driver of an older time',
    reason: NO_SUCH,
    claims: {
      'operation.launch': complete,
      'operation.terminate': complete,
      'storage.image': partial('images of at most 2 TiB, in qcow2 or raw'),
      'guest.setup.configdrive': complete,
      'console.vnc': complete,
      'networking.topology.vlan': complete,
      'storage.block': complete,
    },
  }),
  sample({
    name: '<b>odd</b>',
    title: HOSTILE_TEXT,
    reason: NO_SUCH,
    claims: {
      'operation.pause': partial(HOSTILE_TEXT),
      'operation.snapshot': missing(HOSTILE_TEXT),
      'operation.live-migrate': complete,
      'console.serial.log': complete,
    },
  }),
];

/** Evidence that proves some of what these drivers declare, in every way in which evidence can turn out. */
export const SAMPLE_EVIDENCE: EvidenceByDriver = new Map(
  SAMPLE_DRIVERS.filter(({ name }) => name !== 'fake').map((driver) => [driver.name, evidenceOf(driver)]),
);

function evidenceOf({ name, features }: AnyVirtDriver): Evidence {
  const backend = name.startsWith('<') ? HOSTILE_TEXT : `${name} simulator`;
  const grade = name === 'old.html' ? 'live' : 'simulator';
  const scenarios = Object.entries(features).flatMap(([feature, claim]: [string, FeatureClaim]): Scenario[] => {
    const scenario = (kind: Scenario['kind'], title: string): Scenario => ({
      id: `${feature}/${kind}`,
      feature,
      kind,
      title: name.startsWith('<') ? HOSTILE_TEXT : title,
      grade,
      backend: `${backend} 4.10`,
      result: FAILED.includes(feature) ? 'failed' : 'passed',
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
