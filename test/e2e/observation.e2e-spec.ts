import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HmcSimulator } from '../../src/simulators/hmc/index.js';
import { Operator, PlainClient, namesOf } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { OtlpCollector, type CollectedSpan } from '../support/otlp-collector.js';
import { hmcHost } from '../support/hmc-host.js';
import { ServiceProcess } from '../support/service-process.js';

const TOKEN = 'canary-token-for-observers';
const COLLECTOR_TOKEN = 'canary-token-of-the-collector';
const HMC_PASSWORD = 'canary-hmc-password';

const run = `observation-${randomBytes(6).toString('hex')}`;
const names = namesOf(run);
const bearer = { authorization: `Bearer ${TOKEN}` };

let broker: Pick<Broker, 'url' | 'stop'>;
let hmc: HmcSimulator;
let collector: OtlpCollector;
let service: ServiceProcess;
let client: PlainClient;
/** A machine behind a webhook, which remembers the traces that it was asked under. */
let machine: Server;
const machineTraces: unknown[] = [];

beforeAll(async () => {
  broker = await sharedBroker();
  collector = await OtlpCollector.start();
  hmc = await HmcSimulator.start({
    port: 0,
    inventory: {
      timing: { start_ms: 3000, paused_ms: 50, stop_ms: 100 },
      users: [{ name: 'zenova', password: HMC_PASSWORD }],
      cpcs: [
        {
          name: 'CPC1',
          mode: 'dpm',
          partitions: [{ name: 'web01', properties: { 'boot-device': 'storage-volume' } }],
        },
      ],
    },
  });
  let isOn = false;
  machine = createServer((request, response) => {
    machineTraces.push(request.headers['traceparent']);
    if (request.method === 'POST') isOn = true;
    response.end(isOn ? 'status:running' : 'status:stopped');
  }).listen(0, '127.0.0.1');
  await once(machine, 'listening');
  service = new ServiceProcess({
    url: broker.url,
    group: run,
    server: run,
    deadQueue: names.deadQueue,
    eventsExchange: names.eventsExchange,
    environment: { HMC_PASSWORD, COLLECTOR_TOKEN, HTTP_TOKEN: TOKEN },
    http: { token: { env: 'HTTP_TOKEN' } },
    tracing: { endpoint: collector.url, headers: { 'X-Collector-Token': { env: 'COLLECTOR_TOKEN' } } },
    hosts: {
      cpc1: hmcHost(hmc),
    },
  });
  await service.start();
  await service.ready();
  client = await PlainClient.connect(broker.url);
});

afterAll(async () => {
  await client.close();
  await service.discard();
  await hmc.stop();
  await collector.stop();
  machine.close();
  const operator = await Operator.connect(broker.url);
  await operator.remove(names);
  await operator.close();
  await broker.stop();
});

async function metrics(): Promise<string> {
  return (await service.http('/metrics'))?.text() ?? '';
}

function trace(): { readonly id: string; readonly headers: { traceparent: string; tracestate: string } } {
  const id = randomBytes(16).toString('hex');
  return { id, headers: { traceparent: `00-${id}-${randomBytes(8).toString('hex')}-01`, tracestate: 'site=tests' } };
}

function one(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name);
  expect(found.map((span) => span.name)).toEqual([name]);
  return found[0] as CollectedSpan;
}

describe('one operation', () => {
  it('is found by its id in the traces, the metrics and the log', async () => {
    const { id: traceId, headers } = trace();
    const queue = (await client.channel.assertQueue('', { exclusive: true })).queue;
    await client.channel.bindQueue(queue, names.eventsExchange, 'operation.power.on.done');
    const address = `http://127.0.0.1:${(machine.address() as AddressInfo).port}`;
    const request = {
      pattern: 'power.on',
      data: {
        power_type: 'webhook',
        power_parameters: {
          power_on_uri: `${address}/on`,
          power_off_uri: `${address}/off`,
          power_query_uri: `${address}/status`,
        },
      },
    };
    const reply = await client.sendRaw(names.groupQueue, Buffer.from(JSON.stringify(request)), { headers });
    const { response } = JSON.parse(reply.content.toString()) as { response: { operation_id: string } };
    const { operation_id: operationId } = response;

    const spans = await eventually(() => {
      const seen = collector.of(traceId);
      return seen.some(({ name }) => name === 'power.on') ? seen : undefined;
    }, 'the spans');
    const asked = one(spans, 'power.on');
    const operation = one(spans, 'operation power.on');
    const step = spans.find(({ name }) => name.startsWith('step ')) as CollectedSpan;
    const post = one(spans, 'POST');
    expect(asked).toMatchObject({
      kind: 2,
      parentSpanId: headers.traceparent.split('-')[2],
      service: { 'service.name': 'zenova', 'service.instance.id': run },
    });
    for (const span of [asked, operation]) expect(span.attributes['zenova.operation_id']).toBe(operationId);
    expect(operation.parentSpanId).toBe(asked.spanId);
    expect(step.parentSpanId).toBe(operation.spanId);
    expect(post).toMatchObject({
      kind: 3,
      parentSpanId: step.spanId,
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200 },
    });
    // The machine could have gone on with the trace, the caller and whoever hears of it can.
    expect(machineTraces).toContain(`00-${traceId}-${post.spanId}-01`);
    const told = { traceparent: `00-${traceId}-${asked.spanId}-01`, tracestate: 'site=tests' };
    expect(reply.properties.headers).toMatchObject(told);
    const event = await eventually(async () => {
      const got = await client.channel.get(queue, { noAck: true });
      return got === false ? undefined : got;
    }, 'the event');
    expect(JSON.parse(event.content.toString())).toMatchObject({ ...told, data: { operation_id: operationId } });

    const text = await metrics();
    const exemplar = `# {operation_id="${operationId}",trace_id="${traceId}"}`;
    const histograms = new Set(
      text
        .split('\n')
        .filter((line) => line.includes(exemplar))
        .map((line) => line.split('{')[0]),
    );
    expect(histograms).toEqual(
      new Set([
        'zenova_request_seconds_bucket',
        'zenova_operation_seconds_bucket',
        'zenova_operation_wait_seconds_bucket',
      ]),
    );

    const ofBoth = () => service.lines(operationId).some((line) => line['trace_id'] === traceId);
    await eventually(ofBoth, 'a line of the log with both ids');
  });

  it('keeps its trace when the service dies and another process carries it on', async () => {
    const { id: traceId, headers } = trace();
    const request = { pattern: 'power.on', data: { host: 'cpc1', instance: 'web01' } };
    const reply = client.sendRaw(names.groupQueue, Buffer.from(JSON.stringify(request)), { headers });
    await eventually(() => hmc.wireLog.starts('web01') === 1, 'the start to be sent');
    // The span of the request and that of the step die with the process; what comes after hangs on the request's all the same.
    await service.end('SIGKILL');
    await service.start();
    await service.ready();
    const { content, properties } = await reply;
    const { response } = JSON.parse(content.toString()) as { response: { operation_id: string; outcome: string } };
    expect(response.outcome).toBe('done');
    expect(hmc.wireLog.starts('web01')).toBe(1);

    const spans = await eventually(() => {
      const seen = collector.of(traceId);
      return seen.some(({ name }) => name === 'operation power.on') ? seen : undefined;
    }, 'the spans of the second attempt');
    const attempt = one(spans, 'operation power.on');
    expect(attempt.attributes).toMatchObject({ 'zenova.operation_id': response.operation_id, 'zenova.fence': 2 });
    expect(spans.filter(({ parentSpanId, kind }) => kind === 3 && parentSpanId === attempt.spanId)).not.toEqual([]);
    expect(properties.headers).toEqual({
      traceparent: `00-${traceId}-${attempt.parentSpanId}-01`,
      tracestate: 'site=tests',
    });
    const text = await metrics();
    expect(text).toContain(`operation_id="${response.operation_id}",trace_id="${traceId}"`);
    expect(text).toMatch(/^zenova_operations_taken_up_total\{.*host="cpc1".*\} 1$/m);
    const [taken] = service.lines('taking up power.on');
    expect(taken).toMatchObject({ operation_id: response.operation_id, trace_id: traceId });
  });
});

describe('what is sent and shown', () => {
  it('holds no secret, and the collector gets its own', async () => {
    await eventually(() => collector.headers['x-collector-token'] === COLLECTOR_TOKEN, 'the header');
    const seen = [JSON.stringify(collector.spans), await metrics(), service.log];
    for (const text of seen) {
      for (const secret of [TOKEN, COLLECTOR_TOKEN, HMC_PASSWORD]) expect(text).not.toContain(secret);
    }
  });

  it('has bounded labels, whatever is asked', async () => {
    for (const nonsense of ['somewhere', 'else']) {
      await client.call(names.groupQueue, 'compute.get_info', { host: nonsense, instance: 'nobody' });
      await client.call(names.groupQueue, 'power.query', { power_type: nonsense, power_parameters: {} });
    }
    const text = await metrics();
    expect(text).toMatch(
      /^zenova_requests_total\{method="compute.get_info",code="RESOURCE_NOT_FOUND",driver="other",host="other"\} 2$/m,
    );
    expect(text).not.toContain('somewhere');
    expect(text.trimEnd().endsWith('# EOF')).toBe(true);
  });

  it('tells of a collector that takes nothing, once', async () => {
    collector.status = 400;
    await client.call(names.groupQueue, 'host.list', {});
    await eventually(() => service.log.includes('spans could not be sent to the collector'), 'the warning');
    collector.status = 200;
  });
});

describe('the level of the log', () => {
  const set = async (level: unknown, headers: Record<string, string> = bearer) =>
    service.http('/v1/log-level', {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ level }),
    });
  /** Every request has the line that the audit writes for it, at whatever level; a failing one has another, at `info`. */
  const ask = async (instance: string): Promise<void> => {
    await client.call(names.groupQueue, 'compute.power_on', { host: 'cpc1', instance });
  };

  it('is set while the service runs, for all its parts, and not for the audit', async () => {
    expect((await set('error', {}))?.status).toBe(401);
    expect((await set('loud'))?.status).toBe(400);
    expect(await (await set('error'))?.json()).toEqual({ level: 'error' });
    expect(await (await service.http('/v1/log-level'))?.json()).toEqual({ level: 'error' });
    await ask('quietly');
    await eventually(() => service.lines('quietly').some(({ audit }) => audit === true), 'the line of the audit');
    service.signal('SIGUSR2');
    await eventually(async () => (await (await service.http('/v1/log-level'))?.text())?.includes('debug'), 'debugging');
    await ask('aloud');
    await eventually(() => service.lines('aloud').some(({ audit }) => audit === undefined), 'the line of the request');
    expect(service.lines('quietly').filter(({ audit }) => audit === undefined)).toEqual([]);
    service.signal('SIGUSR2');
    await eventually(async () => (await (await service.http('/v1/log-level'))?.text())?.includes('error'), 'as before');
    await set('debug');
  });
});
