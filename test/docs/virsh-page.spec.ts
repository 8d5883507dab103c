import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { NATIVE_MEANINGS } from '../../src/drivers/virsh/virsh.errors.js';
import { DriverOptionsSchema } from '../../src/drivers/virsh/mapping/driver-options.js';
import { VirshSettingsSchema } from '../../src/drivers/virsh/virsh.settings.js';
import { DriverPage, itTellsErrors, quoted } from './driver-page.js';

const page = new DriverPage('virsh');

describe('the page of virsh, on errors', () => {
  itTellsErrors(page, {
    answers: '### What libvirt answers',
    others: ['### When libvirt says nothing of use', '### What the driver refuses, and how operations end'],
    meanings: NATIVE_MEANINGS,
    leastRows: 50,
  });
});

/** The keys of an object's schema, those of objects in it by their path. */
function keysOf(schema: z.core.JSONSchema.BaseSchema, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const name = `${path}${key}`;
    return typeof inner === 'object' && inner.type === 'object' ? keysOf(inner, `${name}.`) : [name];
  });
}

const asInput = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

describe('the page of virsh', () => {
  it('has every setting, and none that there is not', () => {
    const told = page.rowsOf('## Configuration').flatMap(([name]) => quoted(name));
    // An image has its fields wherever it is named.
    const keys = keysOf(asInput(VirshSettingsSchema)).map((key) => key.replace(/^rescue_image\..*/, 'rescue_image'));
    expect(told.toSorted()).toEqual([...new Set(keys)].toSorted());
  });

  it('has every option of a description, and none that there is not', () => {
    const told = page.rowsOf('### Options').flatMap(([name]) => quoted(name));
    const keys = Object.keys(asInput(DriverOptionsSchema).properties ?? {});
    expect(keys.length).toBeGreaterThan(15);
    expect(told.toSorted()).toEqual(keys.toSorted());
  });
});
