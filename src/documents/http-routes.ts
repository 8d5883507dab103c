import { z } from 'zod';
import { LOG_LEVELS } from '../common/log.js';
import { METHODS, TimeSchema, type MethodName } from '../compute/contract/index.js';
import { resultRef, schemaRef, type JsonObject } from './components.js';
import { EXAMPLES, EXAMPLE_OPERATION_ID, EXAMPLE_TIME } from './examples/index.js';
import { failureRefs, failureStatuses } from './http-errors.js';

/** Every route of the HTTP surface but those of RPC, as OpenAPI has them. A test compares them with what Nest has registered. */

const HealthSchema = z.object({
  status: z.enum(['alive', 'ready', 'not ready']),
  checks: z
    .array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() }))
    .optional()
    .describe('only for callers who may see everything'),
});
const MaasStatusSchema = z.enum(['running', 'stopped', 'starting', 'stopping', 'unknown', 'error']);

const LogLevelSchema = z.strictObject({ level: z.enum(LOG_LEVELS) });

/** Answers that no RPC method has. */
export const HTTP_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  Health: HealthSchema,
  LogLevel: LogLevelSchema,
  MaasStatus: z.object({ status: MaasStatusSchema, observed_at: TimeSchema }),
  MaasChange: z.object({ operation_id: z.string(), outcome: z.string(), status: MaasStatusSchema }),
  MaasRunning: z.object({
    outcome: z.literal('accepted'),
    idempotency_key: z.string().describe('operation.get tells its end by it'),
  }),
};

export const TOKEN = { token: [] };
const BASIC = { basic: [] };
/** Without one, on a loopback address only. */
const NONE = {};

export function routes(): JsonObject {
  return {
    ...health(),
    ...observation(),
    ...documents(),
    ...resources(),

    ...maas('hosts'),
    ...maas('machines'),
  };
}

function health(): JsonObject {
  const probe = (operationId: string, summary: string, responses: JsonObject) => ({
    get: { operationId, summary, tags: ['health'], security: [], responses },
  });
  const readiness = { name: 'broker', ok: true, detail: 'connected' };
  return {
    '/healthz': probe('getLiveness', 'Say that the process lives.', {
      200: json('It does.', 'Health', { status: 'alive' }),
    }),
    '/readyz': probe('getReadiness', 'Say whether requests are served.', {
      200: json('They are.', 'Health', { status: 'ready', checks: [readiness] }),
      503: json('They are not.', 'Health', {
        status: 'not ready',
        checks: [{ ...readiness, ok: false, detail: 'not connected' }],
      }),
    }),
  };
}

function observation(): JsonObject {
  const level = { level: 'info' };
  const answer = { 200: json('The level from which on lines are written.', 'LogLevel', level) };
  return {
    '/metrics': {
      get: {
        operationId: 'getMetrics',
        summary: 'The metrics, for Prometheus.',
        tags: ['observation'],
        security: [NONE, TOKEN],
        responses: {
          200: {
            description: 'The metrics.',
            content: { 'application/openmetrics-text': { schema: { type: 'string' } } },
          },
          ...failureRefs([401]),
        },
      },
    },
    '/v1/log-level': {
      get: {
        operationId: 'getLogLevel',
        summary: 'Say how much is logged.',
        tags: ['observation'],
        security: [NONE, TOKEN],
        responses: { ...answer, ...failureRefs([401]) },
      },
      put: {
        operationId: 'setLogLevel',
        summary: 'Log more or less, until the next start.',
        tags: ['observation'],
        security: [TOKEN],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: schemaRef('LogLevel'), example: level } },
        },
        responses: { ...answer, ...failureRefs([400, 401, 403]) },
      },
    },
  };
}

function documents(): JsonObject {
  const document = (operationId: string, summary: string) => ({
    get: {
      operationId,
      summary,
      tags: ['documents'],
      security: [NONE, TOKEN],
      responses: {
        200: { description: 'The document.', content: { 'application/json': { schema: { type: 'object' } } } },
        ...failureRefs([401]),
      },
    },
  });
  return {
    '/openapi.json': document('getOpenApi', 'This document.'),
    '/asyncapi.json': document(
      'getAsyncApi',
      'The same for RPC and events over RabbitMQ, with the names of this service.',
    ),
  };
}

function resources(): JsonObject {
  const operation = EXAMPLES['operation.get'].result;
  return {
    '/v1/operations': resource('listOperations', 'operation.list', queryOf('operation.list')),
    '/v1/operations/{id}': resource(
      'getOperation',
      'operation.get',
      [pathParameter('id', 'operation_id of the operation', EXAMPLE_OPERATION_ID)],
      { example: operation },
    ),
    ...features(),
    '/v1/hosts': resource('listHosts', 'host.list', []),
    '/v1/hosts/{host}': resource('getHost', 'host.get_info', [hostParameter('host.get_info')]),
    '/v1/hosts/{host}/test': resource('testHost', 'host.test', [hostParameter('host.test')]),
    '/v1/hosts/{host}/instances': resource('listInstances', 'compute.list_instances', [
      hostParameter('compute.list_instances'),
    ]),
    '/v1/events': events(),
    '/v1/machines': resource('listMachines', 'machine.list', queryOf('machine.list')),
  };
}

/** The matrix: data for programs, and two forms of it for people, which an ending or `Accept` asks for. */
function features(): JsonObject {
  const query = queryOf('features.matrix');
  const driver = [
    pathParameter(
      'driver',
      'name of a driver or power type; with `.html` or `.md` behind it, its page or its Markdown',
      EXAMPLES['features.driver'].params.driver,
    ),
    ...queryOf('features.driver', ['driver']),
  ];
  const text = { schema: { type: 'string' } };
  const forms = { 'text/html': text, 'text/markdown': text };
  const one = (operationId: string, summary: string, type: keyof typeof forms) => ({
    get: {
      operationId,
      summary,
      tags: ['resources'],
      security: [NONE, TOKEN],
      parameters: query,
      responses: {
        200: { description: 'The answer.', content: { [type]: text } },
        ...failureRefs(failureStatuses('service')),
      },
    },
  });
  return {
    '/v1/features': resource('getFeatures', 'features.matrix', query, { forms }),
    '/v1/features.html': one('getFeaturesPage', 'The feature matrix, a page for people.', 'text/html'),
    '/v1/features.md': one('getFeaturesMarkdown', 'The feature matrix in Markdown.', 'text/markdown'),
    '/v1/features/schema.json': {
      get: {
        operationId: 'getFeaturesSchema',
        summary: 'The JSON schema of the feature matrix; `$defs.driver` is that of one driver.',
        tags: ['documents'],
        security: [NONE, TOKEN],
        responses: {
          200: { description: 'The schema.', content: { 'application/json': { schema: { type: 'object' } } } },
          ...failureRefs([401]),
        },
      },
    },
    '/v1/features/{driver}': resource('getDriverFeatures', 'features.driver', driver, { forms }),
  };
}

function hostParameter(method: 'host.get_info' | 'host.test' | 'compute.list_instances'): JsonObject {
  return pathParameter('host', 'name of a host in the configuration', EXAMPLES[method].params.host);
}

/** What happens, as it happens: a stream that does not end by itself. */
function events(): JsonObject {
  const example = [
    'event: hello',
    'data: {"caller":null}',
    '',
    'id: 1f0a9c3e.17',
    'event: snapshot',
    'data: {"newest":{"operations":[],"next":null},"unfinished":{"operations":[],"next":null}}',
    '',
    '',
  ].join('\n');
  const stream = { schema: { type: 'string' }, example };
  return {
    get: {
      operationId: 'followEvents',
      summary: 'Tell what happens, as it happens.',
      description:
        'Server-sent events without an end. `hello` says whom the service takes the caller for; `snapshot` has the answers of ' +
        '`operation.list` for the newest and for the unfinished operations; `operation` is an operation that has changed, ' +
        '`power` a state that was seen: `{host, name, state, transition, native_state, observed_at}`. They are those of ' +
        'the process that is asked.',
      tags: ['resources'],
      security: [NONE, TOKEN],
      parameters: [
        {
          name: 'Last-Event-ID',
          in: 'header',
          description: 'go on after this event, without a snapshot, if what came since is still known',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: { description: 'They follow.', content: { 'text/event-stream': stream } },
        ...failureRefs([401, 403, 503]),
      },
    },
  };
}

interface ResourceOptions {
  /** Default: that of the method. */
  readonly example?: unknown;
  /** The media types in which it is there besides JSON. */
  readonly forms?: JsonObject;
}

/** The answer of an RPC method under an address. */
function resource(
  operationId: string,
  method: MethodName,
  parameters: readonly JsonObject[],
  { example = EXAMPLES[method].result, forms = {} }: ResourceOptions = {},
): JsonObject {
  return {
    get: {
      operationId,
      summary: METHODS[method].summary,
      description: `What the RPC method \`${method}\` answers.`,
      tags: ['resources'],
      security: [NONE, TOKEN],
      ...(parameters.length === 0 ? {} : { parameters }),
      responses: {
        200: {
          description: 'The answer.',
          content: { 'application/json': { schema: resultRef(method), example }, ...forms },
        },
        ...failureRefs(failureStatuses(METHODS[method].kind)),
      },
    },
  };
}

/**
 * The parameters of a method as those of a query, with the example's values.
 *
 * @param inPath the parameters that stand in the path
 */
function queryOf(method: MethodName, inPath: readonly string[] = []): JsonObject[] {
  const { properties = {} } = z.toJSONSchema(METHODS[method].params, { io: 'input' });
  const given = EXAMPLES[method].params as JsonObject;
  const inQuery = Object.entries(properties).filter(([name]) => !inPath.includes(name));
  return inQuery.map(([name, property]) => {
    const { description, ...schema } = property as JsonObject;
    return {
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      schema,
      ...(Object.hasOwn(given, name) ? { example: given[name] } : {}),
    };
  });
}

/** The counterpart of MAAS's power type webhook: docs/maas.md. */
function maas(kind: 'hosts' | 'machines'): JsonObject {
  const [base, machine, parameters] =
    kind === 'hosts'
      ? [
          '/v1/maas/hosts/{host}/instances/{instance}',
          'Instance',
          [
            pathParameter('host', 'name of a host in the configuration', 'fake1'),
            pathParameter('instance', 'name or id of the instance', 'instance-0002'),
          ],
        ]
      : ['/v1/maas/machines/{machine}', 'Machine', [pathParameter('machine', 'name of a registered machine', 'crane')]];
  const prefer = {
    name: 'Prefer',
    in: 'header',
    description: '`wait=SECONDS` (RFC 7240): how long to wait for its end, at most and by default 25',
    schema: { type: 'string' },
    example: 'wait=10',
  };
  const change = (action: 'on' | 'off', status: string) => ({
    post: {
      operationId: `maas${machine}${action === 'on' ? 'On' : 'Off'}`,
      summary: `Switch it ${action}, for a MAAS.`,
      tags: ['maas'],
      security: [TOKEN, BASIC],
      parameters: [...parameters, prefer],
      responses: {
        200: json('It is so.', 'MaasChange', { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done', status }),
        202: json('It goes on.', 'MaasRunning', {
          outcome: 'accepted',
          idempotency_key: `http-${EXAMPLE_OPERATION_ID}`,
        }),
        ...failureRefs(failureStatuses('change')),
      },
    },
  });
  return {
    [`${base}/on`]: change('on', 'running'),
    [`${base}/off`]: change('off', 'stopped'),
    [`${base}/status`]: {
      get: {
        operationId: `maas${machine}Status`,
        summary: 'Say whether it runs, for a MAAS.',
        tags: ['maas'],
        security: [NONE, TOKEN, BASIC],
        parameters,
        responses: {
          200: json('Its state.', 'MaasStatus', { status: 'stopped', observed_at: EXAMPLE_TIME }),
          ...failureRefs(failureStatuses('read')),
        },
      },
    },
  };
}

function pathParameter(name: string, description: string, example: string): JsonObject {
  return { name, in: 'path', required: true, description, schema: { type: 'string' }, example };
}

function json(description: string, schema: string, example: unknown): JsonObject {
  return { description, content: { 'application/json': { schema: schemaRef(schema), example } } };
}
