import { describe, expect, it } from '@jest/globals';
import type { CallerRule } from '../../common/caller-rule.js';
import { CallerRules, NOWHERE } from './caller-rules.js';

function rules(...given: (Partial<CallerRule> & Pick<CallerRule, 'callers'>)[]): CallerRules {
  return new CallerRules(
    given.map((rule) => ({ methods: ['*'], hosts: undefined, powerTypes: undefined, action: 'allow', ...rule })),
  );
}

const host = (name: string) => ({ host: name, powerType: null });
const powerType = (name: string) => ({ host: null, powerType: name });

describe('without rules', () => {
  it('everything is allowed', () => {
    const none = new CallerRules(undefined);
    expect(none.refusal('anonymous', 'power.off', NOWHERE)).toBeUndefined();
    expect(none.refusalAnywhere('anonymous', 'operation.cancel')).toBeUndefined();
  });
});

describe('with rules', () => {
  const some = rules(
    { callers: ['ann'], methods: ['compute.get_*', 'power.query'] },
    { callers: ['ann', 'team-*'], methods: ['*.power_off'], hosts: ['prod*'], action: 'deny' },
    { callers: ['team-*'], methods: ['compute.*', 'operation.*'], hosts: ['prod1', 'web*'] },
    { callers: ['team-x'], powerTypes: ['hmc*'], methods: ['power.*'] },
    { callers: ['team-y'], powerTypes: ['manual'], hosts: ['web1'], methods: ['power.on'] },
  );
  it.each([
    ['ann', 'compute.get_info', host('any'), true],
    ['ann', 'power.query', powerType('any'), true],
    ['ann', 'compute.get', host('any'), false],
    ['ann', 'power_query', NOWHERE, false],
    ['ann', 'powerXquery', NOWHERE, false],
    ['Ann', 'power.query', NOWHERE, false],
    ['anna', 'power.query', NOWHERE, false],
    ['team-x', 'compute.power_off', host('prod1'), false],
    ['team-x', 'compute.power_on', host('prod1'), true],
    ['team-x', 'compute.power_on', host('prod2'), false],
    ['team-x', 'compute.power_off', host('web7'), true],
    ['team-x', 'compute.power_off', NOWHERE, false],
    ['team-x', 'power.off', powerType('hmcz'), true],
    ['team-x', 'power.off', host('hmcz'), false],
    ['team-y', 'power.on', powerType('manual'), true],
    ['team-y', 'power.on', host('web1'), true],
    ['team-y', 'power.on', powerType('web1'), false],
    ['team-y', 'power.on', host('manual'), false],
    ['team-y', 'power.off', powerType('hmcz'), false],
    ['anonymous', 'power.query', NOWHERE, false],
  ])('%s asks for %s at %j: %s', (caller, method, place, isAllowed) => {
    expect(some.refusal(caller, method, place) === undefined).toBe(isAllowed);
  });

  it('a refusal names the rule, or says that there is none', () => {
    const denied = some.refusal('team-x', 'compute.power_off', host('prod1'));
    expect(denied).toMatchObject({
      code: 'FORBIDDEN',
      outcome: 'not-started',
      retry: 'never',
      message: 'team-x may not ask for compute.power_off on host prod1: rules[1] of the configuration denies it',
      details: { reason: 'caller', rule: 1, method: 'compute.power_off', host: 'prod1', power_type: null },
    });
    const unknown = some.refusal('bob', 'power.on', powerType('hmcz'));
    expect(unknown?.message).toBe(
      'bob may not ask for power.on by power type hmcz: no rule of the configuration allows it',
    );
    expect(unknown?.details).toMatchObject({ reason: 'caller', rule: null });
  });

  it('what names its place later is refused now only when there is no place for it', () => {
    expect(some.refusalAnywhere('team-x', 'operation.cancel')).toBeUndefined();
    expect(some.refusalAnywhere('ann', 'operation.cancel')?.details).toMatchObject({ rule: null });
    const closed = rules({ callers: ['a'], action: 'deny' }, { callers: ['a'] });
    expect(closed.refusalAnywhere('a', 'operation.get')?.details).toMatchObject({ rule: 0 });
    const partly = rules({ callers: ['a'], hosts: ['h'], action: 'deny' }, { callers: ['a'] });
    expect(partly.refusalAnywhere('a', 'operation.get')).toBeUndefined();
    expect(partly.refusal('a', 'operation.get', host('h'))).toBeDefined();
  });

  it('no rules at all refuse everything', () => {
    expect(rules().refusal('admin', 'host.list', NOWHERE)).toBeDefined();
  });
});

describe('a caller for whom nobody vouches', () => {
  it.each([
    ['anonymous', ['*'], false],
    ['anonymous', ['anon*'], false],
    ['anonymous', ['anonymous'], true],
    ['oslo:admin', ['*'], false],
    ['oslo:admin', ['o*'], false],
    ['oslo:admin', ['admin'], false],
    ['oslo:admin', ['oslo:*'], true],
    ['oslo:admin', ['oslo:admin'], true],
    ['oslo', ['*'], true],
    ['anonymous2', ['*'], true],
  ])('%s is allowed something by %j: %s', (caller, callers, isAllowed) => {
    expect(rules({ callers }).refusal(caller, 'host.list', NOWHERE) === undefined).toBe(isAllowed);
  });

  it('does not get past a rule by leaving its name out', () => {
    const some = rules({ callers: ['intern'], methods: ['*.power_off'], action: 'deny' }, { callers: ['*'] });
    for (const caller of ['intern', 'anonymous', 'oslo:boss']) {
      expect(some.refusal(caller, 'compute.power_off', host('h'))).toBeDefined();
    }
    expect(some.refusal('boss', 'compute.power_off', host('h'))).toBeUndefined();
  });

  it('is denied what everybody is denied', () => {
    const some = rules(
      { callers: ['*'], methods: ['power.off'], action: 'deny' },
      { callers: ['anonymous', 'oslo:*'] },
    );
    expect(some.refusal('anonymous', 'power.off', NOWHERE)).toBeDefined();
    expect(some.refusal('oslo:x', 'power.off', NOWHERE)).toBeDefined();
    expect(some.refusal('oslo:x', 'power.on', NOWHERE)).toBeUndefined();
  });
});
