import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from '@jest/globals';
import { METHOD_NAMES } from '../../src/compute/contract/index.js';
import { asyncApi } from '../../src/documents/asyncapi.js';
import { innerPlace, nameOf, payloadPlace, type AsyncApiDocument } from './asyncapi-operations.js';
import { DocumentedSchemas } from './documented-schemas.js';

const plain = (document: object) => JSON.parse(JSON.stringify(document)) as AsyncApiDocument & Record<string, unknown>;
const made = plain(asyncApi());
const schemas = DocumentedSchemas.ofAsyncApi(made);

/** What a parser of the standard has to say, but that a later version of AsyncAPI is there. */
async function complaints(document: object): Promise<unknown[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return diagnostics
    .filter(({ code }) => code !== 'asyncapi-latest-version')
    .map(({ code, path, message }) => ({ code, path, message }));
}

describe('the AsyncAPI document', () => {
  it('is one, says a parser of the standard', async () => {
    expect(await complaints(made)).toEqual([]);
  }, 120_000);

  it('is one without oslo.messaging callers, and beside a Nova', async () => {
    const options = {
      urls: [
        'amqps://user:hunter2@broker.example/zenova',
        'amqp://other.example',
        'amqps://third.example?auth_mechanism=external',
      ],
      server: 'z2',
      group: 'g',
    };
    const without = plain(asyncApi(options));
    expect(await complaints(without)).toEqual([]);
    expect(JSON.stringify(without)).not.toContain('hunter2');
    expect(without.servers).toMatchObject({
      broker1: { host: 'broker.example', pathname: '/zenova', protocol: 'amqps' },
      broker2: { host: 'other.example', pathname: '/', protocol: 'amqp' },
      broker3: { security: [{ $ref: '#/components/securitySchemes/certificate' }] },
    });
    const addresses = Object.values(without.channels).map(({ address }) => address);
    expect(addresses).toEqual(expect.arrayContaining(['zenova.rpc.g', 'zenova.rpc.server.z2', 'zenova.rpc.dead']));
    expect(JSON.stringify(without)).not.toContain('oslo.message');

    const besideNova = plain(asyncApi({ ...options, oslo: { topic: 'compute', allowNovaTopic: true } }));
    expect(Object.keys(besideNova.channels)).toEqual(expect.not.arrayContaining(['osloTopic', 'osloFanout']));
    expect(besideNova.channels['osloServer']).toMatchObject({ address: 'compute.z2' });
  }, 120_000);

  it('is kept as it is made (npm run docs:generate)', () => {
    const kept = readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(kept)).toEqual(made);
  });

  it('has every method in both envelopes, each with its own reply', () => {
    for (const prefix of ['nest', 'oslo']) {
      const replies = Object.entries(made.operations).flatMap(([name, { reply }]) =>
        name.startsWith(prefix) && reply?.messages !== undefined ? [nameOf(reply.messages[0] ?? { $ref: '' })] : [],
      );
      expect(new Set(replies).size).toBe(METHOD_NAMES.length);
    }
  });

  it.each(Object.entries(made.components.messages))('has an example of %s that fits its schema', (name, message) => {
    expect(message.examples).toHaveLength(1);
    for (const { headers, payload } of message.examples) {
      expect(schemas.mistakes(payloadPlace(name), payload)).toBe('');
      if (headers !== undefined)
        expect(schemas.mistakes(['components', 'messages', name, 'headers'], headers)).toBe('');
      const inner = payload['oslo.message'];
      if (typeof inner === 'string') expect(schemas.mistakes(innerPlace(name), JSON.parse(inner))).toBe('');
    }
  });
});
