import { packageVersion } from '../common/package-version.js';
import { METHODS, METHOD_NAMES, type MethodName } from '../compute/contract/index.js';
import { paramsRef, resultRef, schemaComponents, typeName, type JsonObject } from './components.js';
import { EXAMPLES } from './examples/index.js';
import { ProblemSchema, failureRefs, failureResponses, failureStatuses } from './http-errors.js';
import { HTTP_SCHEMAS, TOKEN, routes } from './http-routes.js';

/** The HTTP surface in OpenAPI 3.1. It is the same for every service, whatever its configuration. */
export function openApi(): JsonObject {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Zenova',
      version: packageVersion(),
      summary: 'Powers and runs machines of IBM Z and LinuxONE and ordinary servers.',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: '/', description: 'the service that this document comes from' },
      { url: 'http://127.0.0.1:8780', description: 'a service as it is configured by default' },
    ],
    tags: [
      { name: 'resources', description: 'What there is to see.' },
      { name: 'rpc', description: 'Every RPC method, with a token.' },
      { name: 'maas', description: "The other side of MAAS's power type webhook." },
      { name: 'health', description: 'For supervisors and load balancers.' },
      { name: 'observation', description: 'For those who watch the service.' },
      { name: 'documents', description: 'Documents for programs.' },
    ],
    paths: { ...routes(), ...Object.fromEntries(METHOD_NAMES.map((method) => [`/v1/rpc/${method}`, rpc(method)])) },
    components: {
      schemas: schemaComponents('draft-2020-12', { ...HTTP_SCHEMAS, Problem: ProblemSchema }),
      responses: failureResponses(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'a token of `http.token` or `http.tokens`' },
        basic: { type: 'http', scheme: 'basic', description: 'such a token as the password of any user' },
      },
    },
  };
}

const DESCRIPTION = `What the service does over HTTP. Most callers use RabbitMQ, for which \`/asyncapi.json\` is the document.

Without a token, what only shows something may be read on a loopback address, by a name of it such as \`localhost\`; everything else needs one, and what changes something one with access \`act\`.
A change may take minutes: give it \`"wait": "accepted"\` and ask \`/v1/operations/{id}\`, and give it an \`idempotency_key\`, so that it can be sent again when its answer is lost.`;

function rpc(method: MethodName): JsonObject {
  const { kind, summary } = METHODS[method];
  const { params, result } = EXAMPLES[method];
  const name = typeName(method);
  const content = { 'application/json': { schema: resultRef(method), example: result } };
  const needsAct = kind === 'change' || kind === 'control';
  return {
    post: {
      operationId: `${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      summary,
      description: `RPC method \`${method}\`. Asks for a token with access \`${needsAct ? 'act' : 'read'}\`.`,
      tags: ['rpc'],
      security: [TOKEN],
      requestBody: {
        required: Object.keys(params).length > 0,
        content: { 'application/json': { schema: paramsRef(method), example: params } },
      },
      responses: {
        200: { description: 'The answer.', content },
        ...(kind === 'change' ? { 202: accepted(method) } : {}),
        ...failureRefs([...failureStatuses(kind), 413].toSorted((a, b) => a - b)),
      },
    },
  };
}

function accepted(method: MethodName): JsonObject {
  const { operation_id: id } = EXAMPLES['operation.get'].result;
  const example = { operation_id: id, outcome: 'accepted' };
  return {
    description: 'It is written down and will be carried out.',
    content: { 'application/json': { schema: resultRef(method), example } },
  };
}
