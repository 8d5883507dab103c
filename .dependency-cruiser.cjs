/** Layer rules; ARCHITECTURE.md explains them. An arrow that is not allowed here is a mistake, not an exception to add. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.spec\\.ts$' },
  to: { path: '^src/', pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('common-knows-nothing', '^src/common/', [], 'common is the floor'),
    only('config-on-common', '^src/config/', ['^src/common/'], 'configuration is loaded once and injected'),
    only('features-on-common', '^src/features/', ['^src/common/'], 'the catalogue is data'),
    only('connectors-on-common', '^src/connectors/', ['^src/common/'], 'wire only, no domain words'),
    only('state-on-common', '^src/compute/state/', ['^src/common/'], 'neutral states'),
    only(
      'contract-below-drivers',
      '^src/compute/contract/',
      ['^src/common/', '^src/features/', '^src/compute/state/'],
      'the contract does not know who implements or calls it',
    ),
    only(
      'journal-behind-its-port',
      '^src/journal/',
      ['^src/common/', '^src/compute/(contract|state)/'],
      'the journal stores operations, it does not run them',
    ),
    only(
      'dispatch-knows-contract-and-journal-port',
      '^src/compute/dispatch/',
      [
        '^src/common/',
        '^src/features/',
        '^src/compute/(contract|state)/',
        '^src/journal/(journal|machine-store|instance-store)\\.port\\.ts$',
      ],
      'dispatch does not know drivers, transports or databases',
    ),
    {
      name: 'drivers-know-only-the-contract',
      severity: 'error',
      from: { path: '^src/drivers/([^/]+)/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/drivers/$1/',
          '^src/common/',
          '^src/features/',
          '^src/connectors/',
          '^src/first-boot/',
          '^src/images/',
          '^src/compute/(contract|state)/',
        ],
      },
    },
    only('simulators-stand-alone', '^src/simulators/', ['^src/common/'], 'one misreading must not confirm itself'),
    only(
      'client-on-contract',
      '^src/client/',
      [
        '^src/common/',
        '^src/compute/contract/',
        '^src/compute/state/',
        '^src/features/',
        '^src/transport/amqp/',
        '^src/transport/nest-rmq/',
      ],
      'the typed client speaks the same contract and envelope as the service',
    ),
    only(
      'cli-is-a-client',
      '^src/cli/',
      [
        '^src/(client|common|config|features|matrix-view)/',
        '^src/compute/contract/',
        '^src/compute/dispatch/(feature-answers|caller-rules)\\.ts$',
      ],
      'drivers, simulators and the service are injected by main.ts, so that the command line starts fast',
    ),
    only(
      'observation-on-ports',
      '^src/observation/',
      ['^src/common/', '^src/compute/contract/', '^src/journal/journal\\.port\\.ts$'],
      'it stands around the ports of others',
    ),
    {
      name: 'metrics-and-traces-behind-our-own-words',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/observation/', '\\.spec\\.ts$'] },
      to: { path: 'node_modules/(prom-client|@opentelemetry)/' },
    },
    only(
      'first-boot-on-contract',
      '^src/first-boot/',
      ['^src/common/', '^src/compute/contract/'],
      'texts for any driver',
    ),
    only(
      'images-on-contract',
      '^src/images/',
      ['^src/common/', '^src/connectors/', '^src/first-boot/', '^src/compute/contract/'],
      'files for any driver',
    ),
    only('audit-on-contract', '^src/audit/', ['^src/common/', '^src/compute/contract/'], 'it writes facts down'),
    only(
      'upkeep-socket-on-journal',
      '^src/upkeep-socket/',
      ['^src/common/', '^src/journal/(index|journal\\.port)\\.ts$'],
      'both ends of a wire between two of our own processes',
    ),
    only(
      'matrix-view-on-contract',
      '^src/matrix-view/',
      ['^src/common/', '^src/compute/contract/'],
      'it shows what it is given, to whoever reads it',
    ),
    only(
      'http-on-contract',
      '^src/http/',
      ['^src/common/', '^src/compute/contract/', '^src/matrix-view/'],
      'what it shows is injected, and what it is asked goes to the gateway',
    ),
    only(
      'documents-tell-of-the-edges',
      '^src/documents/',
      ['^src/common/', '^src/compute/contract/', '^src/http/', '^src/transport/'],
      'documents for programs are made of what the edges themselves are made of',
    ),
    {
      name: 'nest-microservices-only-in-transport',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/(transport|compute/[^/]+\\.ts|main\\.ts|app\\.module\\.ts|cli)', '\\.spec\\.ts$'],
      },
      to: { path: 'node_modules/@nestjs/microservices' },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['\\.spec\\.ts$', '^test/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
