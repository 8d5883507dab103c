/** How a connection logs on; RabbitMQ's own clients read it from `auth_mechanism` of an address as well. */
export const AMQP_LOGINS = ['plain', 'external'] as const;
/** By the user and password of the address, or by the client certificate of the TLS connection. */
export type AmqpLogin = (typeof AMQP_LOGINS)[number];

/** Why a text is no address of a broker; undefined when it is one. Never says the text, which may hold a password. */
export function amqpAddressMistake(text: string): string | undefined {
  if (!URL.canParse(text) || !['amqp:', 'amqps:'].includes(new URL(text).protocol) || new URL(text).hostname === '') {
    return 'is no broker address; write amqp://user:password@host:port/vhost or amqps://…';
  }
  const login = new URL(text).searchParams.get('auth_mechanism');
  if (login !== null && !AMQP_LOGINS.some((known) => known === login)) {
    return `asks for a logon that is not known here; auth_mechanism is ${AMQP_LOGINS.join(' or ')}`;
  }
  if (login === 'external' && new URL(text).protocol !== 'amqps:') {
    return 'asks for a logon by client certificate (auth_mechanism=external), which takes an amqps:// address';
  }
  return undefined;
}

export function amqpLoginOf(address: string): AmqpLogin {
  return new URL(address).searchParams.get('auth_mechanism') === 'external' ? 'external' : 'plain';
}

/**
 * The user whom the broker knows a connection as. With a client certificate that is a name in the certificate, which the
 * address may repeat; else nobody here knows it.
 */
export function amqpUserOf(address: string): string | undefined {
  const user = decodeURIComponent(new URL(address).username);
  return user === '' && amqpLoginOf(address) === 'plain' ? 'guest' : user || undefined;
}
