import { uuidv7 } from 'uuidv7';
import { ZenovaClient, type MethodInput } from '../client/index.js';
import { METHODS, type MethodName, type MethodResult } from '../compute/contract/index.js';
import { catalogueAnswer, driverAnswer, matrixAnswer, powerTypesAnswer } from '../compute/dispatch/feature-answers.js';
import type { Catalogue, CliParts } from './cli-parts.js';
import { brokerOf } from './broker-access.js';
import type { GlobalOptions } from './global-options.js';
import { unlessInterrupted } from './interrupted.js';
import { Progress } from './progress.js';

export const READ_TIMEOUT_MS = 60_000;
/** For what changes something. */
export const CHANGE_TIMEOUT_MS = 15 * 60_000;

/** Methods whose answer is in the code itself, so that no service is asked. */
type LocalAnswers = {
  readonly [M in MethodName]?: (catalogue: Catalogue, params: MethodInput<M>) => MethodResult<M>;
};
const LOCAL: LocalAnswers = {
  'features.catalogue': () => catalogueAnswer(),
  'features.matrix': (catalogue, query) => matrixAnswer(catalogue, query),
  'features.driver': (catalogue, query) => driverAnswer(catalogue, query),
  'power.types': ({ powerTypes }) => powerTypesAnswer(powerTypes),
};

/** Carries a method out: from the code when it needs no service, else over RabbitMQ, with progress shown. */
export async function invoke<M extends MethodName>(
  method: M,
  params: MethodInput<M>,
  options: GlobalOptions,
  parts: CliParts,
): Promise<MethodResult<M>> {
  const local = LOCAL[method];
  // What a host has now, only the service that has it knows.
  const isLocal = !('host' in params) || params.host === undefined;
  if (local !== undefined && isLocal) return local(await parts.catalogue(), params);

  return withClient(options, parts, (client) => callService(client, method, params, options, parts));
}

/**
 * Carries a method out over RabbitMQ, with progress shown.
 *
 * @param afterwards what is said besides, when the user ends it before its answer is there
 */
export async function callService<M extends MethodName>(
  client: ZenovaClient,
  method: M,
  params: MethodInput<M>,
  options: GlobalOptions,
  parts: Pick<CliParts, 'stderr' | 'interrupted'>,
  afterwards = '',
): Promise<MethodResult<M>> {
  const isChange = METHODS[method].kind === 'change';
  const request: MethodInput<M> = isChange ? { idempotency_key: uuidv7(), ...params } : params;
  const timeoutMs = options.timeout ?? (isChange ? CHANGE_TIMEOUT_MS : READ_TIMEOUT_MS);
  const progress = new Progress(parts.stderr, method);
  try {
    const answer = client.call(method, request, {
      timeoutMs,
      ...(isChange ? { onOperation: (operation) => progress.tell(operation) } : {}),
    });
    return await unlessInterrupted(answer, parts.interrupted, `${interruption(request)}${afterwards}`);
  } finally {
    progress.stop();
  }
}

/** Does something with a client and gives the client up. */
export async function withClient<T>(
  options: GlobalOptions,
  parts: CliParts,
  work: (client: ZenovaClient) => Promise<T>,
): Promise<T> {
  const { group, server } = options;
  const connecting = ZenovaClient.connect({
    ...brokerOf(options, parts.environment),
    group,
    server,
    name: 'zenova command line',
  });
  try {
    return await work(await unlessInterrupted(connecting, parts.interrupted, 'interrupted'));
  } finally {
    // Also when it connects after the interruption.
    const closed = connecting.then(
      (client) => client.close(),
      () => undefined,
    );
    if (!parts.interrupted.aborted) await closed;
  }
}

function interruption(request: object): string {
  if (!('idempotency_key' in request) || ('plan' in request && request.plan === true)) return 'interrupted';
  return `interrupted; the operation goes on, see: zenova operation get --idempotency-key ${String(request.idempotency_key)}`;
}
