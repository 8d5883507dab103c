import { describe, expect, it } from '@jest/globals';
import { choice, condition, type CatalogueEntry } from './catalogue-entry.js';
import { evaluate, isSatisfied } from './evaluate.js';
import { VIRT_FEATURES } from './virt-catalogue.js';

const entry = (status: CatalogueEntry['status']): CatalogueEntry => {
  return { title: 'x', status, operations: [], cli: [], notes: 'x' };
};
const catalogue = {
  must: entry('mandatory'),
  may: entry('optional'),
  one: entry(choice('group')),
  other: entry(choice('group')),
  block: entry('optional'),
  iscsi: entry(condition('block==missing', 'block==complete')),
};
const good = { must: 'complete', one: 'complete', block: 'missing' } as const;

describe('a driver', () => {
  it.each<[string, object, object]>([
    ['that has all that is demanded', good, {}],
    ['without what is mandatory', { ...good, must: 'missing' }, { mandatoryMissing: ['must'] }],
    ['whose evidence is not there', { ...good, must: 'unproven' }, { mandatoryMissing: ['must'] }],
    ['with limits in what is mandatory', { ...good, must: 'partial' }, { mandatoryWithLimits: ['must'] }],
    ['with limits in its only choice', { ...good, one: 'partial' }, {}],
    ['with another choice', { ...good, one: 'missing', other: 'complete' }, {}],
    ['without a choice', { ...good, one: 'missing' }, { choicesWithoutMember: ['group'] }],
    ['whose condition holds', { ...good, block: 'complete', iscsi: 'partial' }, {}],
    [
      'that has not what a condition demands',
      { ...good, block: 'complete', iscsi: 'missing' },
      { conditionsViolated: [{ feature: 'iscsi', condition: 'block==complete' }] },
    ],
    ['whose condition holds almost: it compares literally', { ...good, block: 'partial', iscsi: 'missing' }, {}],
  ])('%s', (_, levels, expected) => {
    const nothing = { mandatoryMissing: [], mandatoryWithLimits: [], choicesWithoutMember: [], conditionsViolated: [] };
    const evaluation = evaluate(catalogue, levels as Parameters<typeof evaluate>[1]);
    expect(evaluation).toEqual({ ...nothing, ...expected });
    const troubles = Object.keys(expected).filter((name) => name !== 'mandatoryWithLimits');
    expect(isSatisfied(evaluation)).toBe(troubles.length === 0);
  });

  it('that has nothing lacks what the support matrix demands', () => {
    expect(evaluate(VIRT_FEATURES, {})).toEqual({
      mandatoryMissing: ['operation.get-guest-info', 'operation.launch', 'operation.terminate', 'storage.image'],
      mandatoryWithLimits: [],
      choicesWithoutMember: ['guest.setup', 'console', 'networking.topology'],
      conditionsViolated: [],
    });
    expect(evaluate(VIRT_FEATURES, { 'storage.block': 'complete' }).conditionsViolated).toEqual([
      { feature: 'storage.block.backend.iscsi', condition: 'storage.block==complete' },
    ]);
  });
});
