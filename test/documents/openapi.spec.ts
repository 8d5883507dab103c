import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Validator } from '@seriousme/openapi-schema-validator';
import { AppModule } from '../../src/app.module.js';
import { systemClock } from '../../src/common/clock.js';
import { METHOD_NAMES } from '../../src/compute/contract/index.js';
import { openApi } from '../../src/documents/openapi.js';
import { DocumentedSchemas } from './documented-schemas.js';
import { answerPlace, operationsOf, type OpenApiDocument } from './openapi-operations.js';
import { NO_OBSERVATION } from '../support/no-observation.js';

const made = JSON.parse(JSON.stringify(openApi())) as OpenApiDocument & Record<string, unknown>;
const operations = operationsOf(made);
const schemas = DocumentedSchemas.ofOpenApi(made);

describe('the OpenAPI document', () => {
  it('is one, says a parser of the standard', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(made))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('is kept as it is made (npm run docs:generate)', () => {
    const kept = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(kept)).toEqual(made);
  });

  it('names each operation once', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(operations.map((documented) => [documented.operation.operationId, documented] as const))(
    'has examples of %s that fit their schemas',
    (_, documented) => {
      const { path, method, operation } = documented;
      const bodyPlace = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'];
      const { requestBody, responses } = operation;
      if (requestBody !== undefined) {
        expect(schemas.mistakes(bodyPlace, requestBody.content['application/json']?.example)).toBe('');
      }
      for (const [status, reference] of Object.entries(responses)) {
        const response =
          '$ref' in reference ? made.components.responses[reference.$ref.split('/').at(-1) ?? ''] : reference;
        const example = response?.content['application/json']?.example;
        if (example !== undefined) expect(schemas.mistakes(answerPlace(documented, status), example)).toBe('');
      }
    },
  );

  it('finds what does not fit', () => {
    const place = ['components', 'schemas', 'PowerQueryParams'];
    expect(schemas.mistakes(place, { host: 'cpc1', instance: 7 })).toContain('must be string');
    expect(schemas.mistakes(place, { host: 'cpc1', colour: 'red' })).toContain('additional properties');
    expect(schemas.mistakes(['components', 'schemas', 'Operation'], {})).toContain('required');
  });
});

describe('the paths of the OpenAPI document', () => {
  let app: NestExpressApplication;
  beforeAll(async () => {
    const gateway = { handle: () => Promise.reject(new Error('nobody asks')) };
    const http = { host: '127.0.0.1', tokens: [], health: [], clock: systemClock, ...NO_OBSERVATION };
    const transport = { urls: ['amqp://127.0.0.1:9'], server: 'test' };
    app = await NestFactory.create<NestExpressApplication>(AppModule.of({ gateway, http, transport }), {
      logger: false,
    });
    await app.init();
  });
  afterAll(() => app.close());

  it('are the routes that Nest has registered, all of them', () => {
    const documented = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    // One route for all methods of RPC, and a path in the document for each.
    const registered = routesOf(app).flatMap((route) =>
      isOfPage(route)
        ? []
        : route === 'post /v1/rpc/:method'
          ? METHOD_NAMES.map((method) => `post /v1/rpc/${method}`)
          : [route],
    );
    expect(registered.length).toBeGreaterThan(METHOD_NAMES.length);
    expect(documented.toSorted()).toEqual(registered.toSorted());
  });
});

/** The page is for people. */
function isOfPage(route: string): boolean {
  return ['get /', 'get /ui', 'get /ui/:file'].includes(route);
}

function routesOf(app: NestExpressApplication): string[] {
  return app
    .getHttpAdapter()
    .getInstance()
    .router.stack.flatMap(({ route }) =>
      route === undefined ? [] : route.stack.map(({ method }) => `${method} ${route.path}`),
    );
}
