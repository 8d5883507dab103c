import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METHOD_NAMES, type MethodName } from '../../src/compute/contract/index.js';
import { EXAMPLES } from '../../src/documents/examples/index.js';
import { openApi } from '../../src/documents/openapi.js';
import { PlainClient } from '../support/amqp-clients.js';
import { eventually } from '../support/eventually.js';
import { innerPlace, nameOf, payloadPlace, type AmqpOperation, type AsyncApiDocument } from './asyncapi-operations.js';
import { DocumentedSchemas } from './documented-schemas.js';
import { DocumentedService } from './documented-service.js';
import {
  answerPlace,
  isAnsweredOnce,
  operationsOf,
  type DocumentedOperation,
  type OpenApiDocument,
} from './openapi-operations.js';

/** What the simulated estate cannot do, or not by then: the examples are answered so. Every other one succeeds. */
const REFUSED: Partial<Record<MethodName, string>> = {
  'power.soft_off': 'FEATURE_UNSUPPORTED',
  'power.reset': 'FEATURE_UNSUPPORTED',
  'power.probe': 'BACKEND_UNREACHABLE',
  'compute.live_migration_force_complete': 'STATE_CONFLICT',
  'compute.live_migration_abort': 'STATE_CONFLICT',
  'operation.cancel': 'STATE_CONFLICT',
};
/** A person switches the machine of the example. */
const REFUSED_TO_MAAS: Record<string, string> = {
  maasMachineOn: 'FEATURE_UNSUPPORTED',
  maasMachineOff: 'FEATURE_UNSUPPORTED',
};

/** In an order in which each finds what it needs. */
const LAST: readonly MethodName[] = ['compute.confirm_resize', 'compute.destroy', 'machine.remove'];
const METHODS_IN_ORDER = [...METHOD_NAMES.filter((name) => !LAST.includes(name)), ...LAST];

const openApiDocument = JSON.parse(JSON.stringify(openApi())) as OpenApiDocument & Record<string, unknown>;

let service: DocumentedService;
let document: AsyncApiDocument & Record<string, unknown>;
let schemas: DocumentedSchemas;
const events: { readonly key: string; readonly body: unknown }[] = [];

beforeAll(async () => {
  service = await DocumentedService.start();
  document = (await service.http('get', '/asyncapi.json')).body as typeof document;
  schemas = DocumentedSchemas.ofAsyncApi(document);
  const { channel } = service.operator;
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, document.channels['operationEvents']?.bindings?.amqp.exchange?.name ?? '', '#');
  const take = (message: ConsumeMessage | null) => {
    if (message === null) return;
    events.push({ key: message.fields.routingKey, body: JSON.parse(message.content.toString()) });
  };
  await channel.consume(queue, take, { noAck: true });
  await service.http('post', '/v1/rpc/machine.register', { machine: 'crane', power_type: 'manual' });
}, 180_000);
afterAll(() => service.stop(), 120_000);
beforeEach(async () => {
  // What the examples of another envelope have left.
  await service.http('post', '/v1/rpc/host.set_maintenance', { host: 'fake2', enabled: false });
  await service.http('post', '/v1/rpc/machine.remove', { machine: 'rack1-node7' });
  await service.http('post', '/v1/rpc/image.remove', { host: 'fake1', image: 'web01-before-upgrade' });
});

/** What an example finds that stands after others in the order above. */
async function prepare(method: MethodName | undefined): Promise<void> {
  // The one before it has taken the new size back.
  if (method !== 'compute.confirm_resize') return;
  const { status } = await service.http('post', '/v1/rpc/compute.resize', EXAMPLES['compute.resize'].params);
  expect(status).toBe(200);
}

it('the service gives out the documents', async () => {
  expect(await service.http('get', '/openapi.json')).toMatchObject({ status: 200, body: openApiDocument });
  expect(document).toMatchObject({ asyncapi: '3.0.0' });
});

describe('every example of the OpenAPI document', () => {
  const answers = DocumentedSchemas.ofOpenApi(openApiDocument);

  it('is answered as it says', async () => {
    const operations = operationsOf(openApiDocument)
      .filter(isAnsweredOnce)
      .toSorted((a, b) => turnOf(a) - turnOf(b));
    for (const documented of operations) await expectDocumented(documented, answers);
  }, 240_000);

  function methodOf({ path }: DocumentedOperation): MethodName | undefined {
    return METHOD_NAMES.find((method) => path === `/v1/rpc/${method}`);
  }

  /** Those that are no methods come first. */
  function turnOf(documented: DocumentedOperation): number {
    const method = methodOf(documented);
    return method === undefined ? -1 : METHODS_IN_ORDER.indexOf(method);
  }

  async function expectDocumented(documented: DocumentedOperation, answers: DocumentedSchemas): Promise<void> {
    const { method, operation } = documented;
    const { operationId } = operation;
    const name = methodOf(documented);
    await prepare(name);
    const asked = operationId === 'getOperation' ? await withKnownOperation(documented) : addressOf(documented);
    const { status, type, body } = await service.http(
      method,
      asked,
      operation.requestBody?.content['application/json']?.example,
    );
    const code = name === undefined ? REFUSED_TO_MAAS[operationId] : REFUSED[name];
    if (code === undefined) expect({ operationId, status, body }).toMatchObject({ operationId, status: 200 });
    else expect({ operationId, body }).toMatchObject({ operationId, body: { code } });
    expect(Object.keys(operation.responses)).toContain(String(status));
    expect(answers.mistakes(answerPlace(documented, String(status), type), body)).toBe('');
  }

  /** The id in the example is nobody's. */
  async function withKnownOperation({ path }: DocumentedOperation): Promise<string> {
    const { body } = await service.http('post', '/v1/rpc/power.on', { host: 'fake1', instance: 'instance-0003' });
    return path.replace('{id}', String(body['operation_id']));
  }
});

function addressOf({ path, operation: { parameters = [] } }: DocumentedOperation): string {
  const given = parameters.filter(({ example }) => example !== undefined);
  const address = given
    .filter((parameter) => parameter.in === 'path')
    .reduce((text, { name, example }) => text.replace(`{${name}}`, encodeURIComponent(String(example))), path);
  const query = given
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, example }): [string, string] => [name, String(example)]);
  return query.length === 0 ? address : `${address}?${new URLSearchParams(query).toString()}`;
}

describe('every example of the AsyncAPI document', () => {
  it('of the Nest envelope is answered as it says', async () => {
    const client = await PlainClient.connect(service.brokerUrl);
    for (const [method, operation] of operationsOfEnvelope('nest')) {
      await prepare(method);
      const { address, request } = requestOf(operation);
      const reply = await client.send(address, request, { messageId: randomUUID() });
      const code = (reply['err'] as { code?: string } | undefined)?.code;
      expect({ method, code, err: reply['err'] }).toMatchObject({ method, code: REFUSED[method] });
      expect(schemas.mistakes(payloadPlace(replyOf(operation, code === undefined ? 0 : 1)), reply)).toBe('');
    }
    await client.close();
  }, 240_000);

  it('of the oslo.messaging envelope is answered as it says', async () => {
    const { channel } = service.operator;
    const { queue } = await channel.assertQueue('', { exclusive: true });
    for (const [method, operation] of operationsOfEnvelope('oslo')) {
      await prepare(method);
      const { address, exchange, request } = requestOf(operation);
      const inner = JSON.parse(String(request['oslo.message'])) as Record<string, unknown>;
      const ids = { _reply_q: queue, _msg_id: randomUUID(), _unique_id: randomUUID() };
      const sent = { ...request, 'oslo.message': JSON.stringify({ ...inner, ...ids }) };
      channel.publish(exchange, address, Buffer.from(JSON.stringify(sent)), { contentType: 'application/json' });
      const { body } = await service.operator.take(queue);
      const reply = JSON.parse(String(body['oslo.message'])) as { _msg_id: string; failure: string | null };
      const name = replyOf(operation, reply.failure === null ? 0 : 1);
      expect(schemas.mistakes(payloadPlace(name), body)).toBe('');
      expect(schemas.mistakes(innerPlace(name), reply)).toBe('');
      expect(reply._msg_id).toBe(ids._msg_id);
      if (REFUSED[method] === undefined) expect({ method, failure: reply.failure }).toEqual({ method, failure: null });
      else expect(reply.failure).toContain(REFUSED[method]);
    }
  }, 240_000);

  it('of what comes before a reply is like what came', async () => {
    const { channel } = service.operator;
    const { queue } = await channel.assertQueue('', { exclusive: true });
    for (const [method, operation] of operationsOfEnvelope('nest').filter(([, { reply }]) => reply?.messages?.[2])) {
      const { address, request } = requestOf(operation);
      const asked = { ...request, data: { ...(request['data'] as object), stream: true } };
      channel.sendToQueue(address, Buffer.from(JSON.stringify(asked)), { replyTo: queue, messageId: randomUUID() });
      const came: Record<string, unknown>[] = [];
      while (came.at(-1)?.['isDisposed'] !== true) came.push((await service.operator.take(queue)).body);
      expect({ method, parts: came.length - 1 }).not.toEqual({ method, parts: 0 });
      for (const body of came) {
        expect(schemas.mistakes(payloadPlace(replyOf(operation, body['isDisposed'] === true ? 0 : 2)), body)).toBe('');
      }
    }
  });

  it('of an event is like those that came', async () => {
    for (const [name, prefix] of [
      ['OperationEvent', 'operation.'],
      ['PowerEvent', 'power.'],
    ] as const) {
      const ofThisKind = () => events.filter(({ key }) => key.startsWith(prefix));
      await eventually(() => ofThisKind().length > 0, `events ${prefix}`);
      for (const { key, body } of ofThisKind()) {
        expect(key.split('.')).toHaveLength(4);
        expect(schemas.mistakes(payloadPlace(name), body)).toBe('');
      }
    }
  });

  it('of a dead letter is like one that is there', async () => {
    const client = await PlainClient.connect(service.brokerUrl);
    const address = document.channels['rpc']?.address ?? '';
    const reply = await client.send(address, { pattern: 'power.explode', data: { power_pass: 'hunter2' }, id: 1 });
    expect(schemas.mistakes(payloadPlace('NestError'), reply)).toBe('');
    const { body, text } = await service.operator.take(document.channels['deadLetters']?.address ?? '');
    expect(schemas.mistakes(payloadPlace('DeadLetter'), body)).toBe('');
    expect(text).not.toContain('hunter2');
    await client.close();
  });

  function operationsOfEnvelope(prefix: 'nest' | 'oslo'): [MethodName, AmqpOperation][] {
    const all = Object.entries(document.operations).flatMap(([name, operation]): [MethodName, AmqpOperation][] => {
      const [message] = operation.messages ?? [];
      if (!name.startsWith(prefix) || message === undefined) return [];
      const method = METHOD_NAMES.find(
        (candidate) => candidate === document.components.messages[nameOf(message)]?.name,
      );
      return method === undefined ? [] : [[method, operation]];
    });
    expect(all).toHaveLength(METHOD_NAMES.length);
    return all.toSorted(([a], [b]) => METHODS_IN_ORDER.indexOf(a) - METHODS_IN_ORDER.indexOf(b));
  }

  function requestOf({ channel: reference, messages = [] }: AmqpOperation) {
    const channel = document.channels[nameOf(reference)];
    const message = messages[0] === undefined ? undefined : document.components.messages[nameOf(messages[0])];
    const [example] = message?.examples ?? [];
    if (typeof channel?.address !== 'string' || example === undefined) throw new Error('an operation cannot be tried');
    return {
      address: channel.address,
      exchange: channel.bindings?.amqp.exchange?.name ?? '',
      request: example.payload,
    };
  }

  function replyOf({ reply }: AmqpOperation, index: number): string {
    return nameOf(reply?.messages?.[index] ?? { $ref: '' });
  }
});
