import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { isSecretField } from '../../src/common/secret.js';
import { ChangeFields, METHODS, METHOD_NAMES } from '../../src/compute/contract/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import {
  COMPUTE_FEATURES,
  COMPUTE_FEATURE_IDS,
  NOVA_FEATURES,
  POWER_FEATURE_IDS,
  VIRT_FEATURE_IDS,
} from '../../src/features/index.js';

describe('every method', () => {
  it.each(METHOD_NAMES)('%s has a wire name, a summary, and schemas that documents can be made of', (name) => {
    const { summary, params, result } = METHODS[name];
    expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(z.toJSONSchema(params, { io: 'input' })).toMatchObject({ type: 'object', additionalProperties: false });
    expect(z.toJSONSchema(result)).toMatchObject({ type: 'object' });
  });

  it.each(METHOD_NAMES.filter((name) => METHODS[name].kind === 'change'))(
    '%s takes what every change takes',
    (name) => {
      const { properties } = z.toJSONSchema(METHODS[name].params, { io: 'input' });
      expect(Object.keys(properties ?? {})).toEqual(expect.arrayContaining(Object.keys(ChangeFields)));
    },
  );
});

describe('the table of requests in the README', () => {
  it('names every method, and no other', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
    const [, section = ''] = /^## Requests\n+((?:\|.*\n)+)/m.exec(readme) ?? [];
    const rows = [...section.matchAll(/^\| `(\w+)` +\|(.*)\|$/gm)];
    const named = rows.flatMap(([, namespace, methods = '']) =>
      [...methods.matchAll(/`(\w+)`/g)].map(([, method]) => `${namespace}.${method}`),
    );
    expect(named.toSorted()).toEqual(METHOD_NAMES.toSorted());
  });
});

describe('the catalogue', () => {
  it('holds the 46 rows of the support matrix', () => {
    expect(COMPUTE_FEATURE_IDS).toHaveLength(46);
    expect(VIRT_FEATURE_IDS).toHaveLength(46 + Object.keys(NOVA_FEATURES).length);
    expect(COMPUTE_FEATURES['storage.block.backend.iscsi'].status).toEqual({
      condition: 'storage.block==missing',
      enforced: 'storage.block==complete',
    });
  });
});

describe('every driver', () => {
  it('has a name of its own', () => {
    for (const all of [VIRT_DRIVERS, POWER_TYPES]) {
      const names = all.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it.each(VIRT_DRIVERS.map((driver) => [driver.name, driver] as const))(
    '%s answers for every feature, with a reason for each it lacks',
    (_name, { features }) => {
      expect(Object.keys(features).toSorted()).toEqual(VIRT_FEATURE_IDS.toSorted());
      for (const claim of Object.values(features)) {
        if (claim.level === 'missing') expect(claim.reason.length).toBeGreaterThan(10);
      }
    },
  );

  it.each(POWER_TYPES.map((type) => [type.name, type] as const))(
    '%s describes its parameters as its schema takes them',
    (_name, type) => {
      expect(Object.keys(type.features).toSorted()).toEqual([...POWER_FEATURE_IDS].toSorted());
      const { properties = {}, required = [] } = z.toJSONSchema(type.schema, { io: 'input' });
      expect(type.parameters.map(({ name }) => name).toSorted()).toEqual(Object.keys(properties).toSorted());
      // Fields are encrypted, and hidden, by their names.
      expect(type.parameters.filter(({ name, secret }) => secret === true && !isSecretField(name))).toEqual([]);
      expect(
        type.parameters
          .filter((parameter) => parameter.required)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual([...required].toSorted());
    },
  );
});
