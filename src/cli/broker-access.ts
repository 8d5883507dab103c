import { readFileSync } from 'node:fs';
import { amqpAddressMistake } from '../common/amqp-address.js';
import { ComputeError, errorCodeOf } from '../common/errors/index.js';
import { holdsPassword } from '../common/secret.js';
import type { Environment } from '../config/index.js';
import type { ZenovaClientOptions } from '../client/index.js';
import { DEFAULT_URL, type GlobalOptions } from './global-options.js';

/** Named as what overrides `amqp.tls` of the service: who has set them for the one has set them for the other. */
const TLS_FILES = {
  ca: 'ZENOVA__AMQP__TLS__CA_FILE',
  cert: 'ZENOVA__AMQP__TLS__CERT_FILE',
  key: 'ZENOVA__AMQP__TLS__KEY_FILE',
} as const;

/** How the command line reaches the broker. */
export interface BrokerAccess {
  readonly url: string;
  readonly tls: ZenovaClientOptions['tls'];
}

/**
 * The broker's address: the option, else the variable, else the one of a broker on this machine; and for `amqps:` the
 * certificates that the environment names.
 *
 * @throws ComputeError CONFIG_INVALID, never with the address itself, which may hold a password
 */
export function brokerOf({ url: option }: GlobalOptions, environment: Environment): BrokerAccess {
  const variable = environment['ZENOVA_AMQP_URL'];
  const url = option ?? (variable === undefined || variable === '' ? DEFAULT_URL : variable);
  const mistake = amqpAddressMistake(url);
  if (mistake !== undefined) throw invalid(`${option === undefined ? 'ZENOVA_AMQP_URL' : '--url'} ${mistake}`);
  if (option !== undefined && holdsPassword(option)) {
    throw invalid(
      '--url holds a password, which every user of this machine could read there; put the address into ZENOVA_AMQP_URL',
    );
  }
  return { url, tls: url.startsWith('amqps:') ? tlsOf(environment) : undefined };
}

function tlsOf(environment: Environment): ZenovaClientOptions['tls'] {
  const read = Object.entries(TLS_FILES).flatMap(([part, variable]) => {
    const file = environment[variable];
    return file === undefined || file === '' ? [] : [[part, contentOf(file, variable)]];
  });
  return Object.fromEntries(read);
}

function contentOf(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(`${variable} names ${file}, which cannot be read (${errorCodeOf(error) ?? 'unknown error'})`);
  }
}

function invalid(message: string): ComputeError {
  return new ComputeError('CONFIG_INVALID', message);
}
