import { describe, expect, it } from '@jest/globals';
import { amqpAddressMistake, amqpLoginOf, amqpUserOf } from './amqp-address.js';

describe('an address of a broker', () => {
  it.each([
    'amqp://127.0.0.1:5672',
    'amqp://u:p%40ss@host/vhost?heartbeat=5',
    'amqps://host?auth_mechanism=external',
    'amqps://u:p@host?auth_mechanism=plain',
  ])('may be %s', (address) => {
    expect(amqpAddressMistake(address)).toBeUndefined();
  });

  it.each([
    ['http://host', 'is no broker address'],
    ['host:5672', 'is no broker address'],
    ['amqp:///vhost', 'is no broker address'],
    ['amqps://host?auth_mechanism=gssapi', 'auth_mechanism is plain or external'],
    ['amqp://host?auth_mechanism=external', 'takes an amqps:// address'],
  ])('is not %s', (address, why) => {
    expect(amqpAddressMistake(address)).toContain(why);
  });

  it.each([
    ['amqp://host', 'plain', 'guest'],
    ['amqp://ann%40site:x@host', 'plain', 'ann@site'],
    ['amqps://host?auth_mechanism=external', 'external', undefined],
    ['amqps://ann@host?auth_mechanism=external', 'external', 'ann'],
  ])('%s logs on %s as %s', (address, login, user) => {
    expect([amqpLoginOf(address), amqpUserOf(address)]).toEqual([login, user]);
  });
});
