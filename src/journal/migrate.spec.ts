import { describe, expect, it } from '@jest/globals';
import { refuseEarlier, refuseNewer, schemaState } from './migrate.js';
import { sqliteFlavour } from './sqlite/sqlite-flavour.js';

describe('a schema', () => {
  it('is compared with the one that this version knows', () => {
    const all = [
      '0001-operations',
      '0002-in-flight',
      '0003-machines',
      '0004-trace',
      '0005-instances',
      '0006-seeds',
      '0007-made-with',
    ];
    expect(schemaState([], sqliteFlavour)).toEqual({ applied: [], pending: all, unknown: [] });
    expect(schemaState([...all, 'z'], sqliteFlavour)).toMatchObject({ pending: [], unknown: ['z'] });
    expect(schemaState(all.slice(0, 1), sqliteFlavour)).toMatchObject({ pending: all.slice(1) });
  });

  it('of an earlier version is not touched by a worker that may not be alone; one of none is set up', () => {
    expect(() => refuseEarlier({ applied: ['a'], pending: ['b'], unknown: [] })).toThrow(
      /lacks b: .*zenova db migrate/,
    );
    expect(() => refuseEarlier({ applied: [], pending: ['a', 'b'], unknown: [] })).not.toThrow();
    expect(() => refuseEarlier({ applied: ['a', 'b'], pending: [], unknown: [] })).not.toThrow();
  });

  it('of a newer version is refused', () => {
    expect(() => refuseNewer({ applied: ['a', 'c'], pending: [], unknown: ['c'] })).toThrow(/newer version.*\(c\)/);
    expect(() => refuseNewer({ applied: ['a'], pending: ['b'], unknown: [] })).not.toThrow();
  });
});
