import type { Example } from './documents.js';

/** An example that no test can carry out as it stands. The test prints these; one that is found nowhere is a mistake. */
interface LeftOut {
  readonly page: string;
  /** How the example begins. */
  readonly begins: string;
  readonly reason: string;
}

const LEFT_OUT: readonly LeftOut[] = [
  {
    page: 'src/drivers/hmc-dpm/README.md',
    begins: 'cat >lpar01.yaml',
    reason: 'takes an HMC with such a storage group; test/e2e/deploy.e2e-spec.ts carries it out with one',
  },
  {
    page: 'docs/first-kvm-guest.md',
    begins: 'network:',
    reason: 'is the configuration of a network, and would change that of this machine',
  },
  {
    page: 'docs/first-kvm-guest.md',
    begins: 'zenova host preflight',
    reason: 'says by its exit code that there is no KVM where tests run',
  },
  {
    page: 'docs/first-kvm-guest.md',
    begins: 'sudo chzdev',
    reason: 'takes an adapter of IBM Z',
  },
  {
    page: 'docs/api.md',
    begins: 'npx openapi-typescript',
    reason: 'takes a package that is not ours; test/documents reads the document with parsers of its standard',
  },
  {
    page: 'README.md',
    begins: 'npm start',
    reason: 'one serves for ever, the other is this very run; test/scripts tries what they bring up',
  },
  {
    page: 'docs/config-reference.md',
    begins: 'password: { file:',
    reason: 'one line in two forms, not a whole configuration; src/config tries both',
  },
  {
    page: 'docs/maas.md',
    begins: 'curl -sS -H',
    reason: 'takes hosts of two kinds and a token; test/e2e/maas.e2e-spec.ts carries it out with them',
  },
  {
    page: 'docs/observation.md',
    begins: 'scrape_configs',
    reason: 'is the configuration of a Prometheus; promtool has looked at it, and is too large to come with the tests',
  },
  {
    page: 'docs/observation.md',
    begins: 'curl -X PUT',
    reason: 'takes a token; test/e2e/observation.e2e-spec.ts asks for the same with one',
  },
  {
    page: 'docs/operators-page.md',
    begins: 'curl -sSN',
    reason: 'does not end; test/integration/events listens to the same',
  },
  {
    page: 'docs/openstack.md',
    begins: 'target = oslo_messaging.Target',
    reason: 'a part of docs/examples/oslo_caller.py, which is run',
  },
  {
    page: 'docs/machines.md',
    begins: 'maas $PROFILE',
    reason: 'takes a MAAS; what it prints stands in the next example, which is used',
  },
  {
    page: 'docs/torture.md',
    begins: 'npm run torture',
    reason: 'takes from minutes to hours; test/e2e/torture.e2e-spec.ts runs a short one',
  },
  {
    page: 'docs/install.md',
    begins: 'docker build',
    reason: 'takes a container engine; `npm run check:container` carries out the file without one',
  },
];

export function reasonToLeaveOut({ page, text }: Example): string | undefined {
  return LEFT_OUT.find((left) => left.page === page && text.startsWith(left.begins))?.reason;
}

/** Entries that stand for no example any more. */
export function forgotten(examples: readonly Example[]): string[] {
  return LEFT_OUT.filter(
    ({ page, begins }) => !examples.some((example) => example.page === page && example.text.startsWith(begins)),
  ).map(({ page, begins }) => `${page}: ${begins}`);
}
