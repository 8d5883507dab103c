import type { AnyPowerType, AnyVirtDriver, MethodNameOfKind, MethodParams, MethodResult } from '../contract/index.js';
import { catalogueAnswer, driverAnswer, matrixAnswer, powerTypesAnswer } from './feature-answers.js';
import type { OperationAccess, Operations } from './operations.js';
import type { Router } from './router.js';

/** What the service answers by itself: every `service` and `control` method, checked for completeness at compile time. */
export type ServiceMethods = {
  readonly [M in MethodNameOfKind<'service' | 'control'>]: (
    params: MethodParams<M>,
    access: OperationAccess,
  ) => MethodResult<M> | Promise<MethodResult<M>>;
};

export interface ServiceMethodParts {
  /** Name of this service, by which it is addressed. */
  readonly server: string;
  readonly drivers: readonly AnyVirtDriver[];
  readonly powerTypes: readonly AnyPowerType[];
  readonly router: Router;
  readonly operations: Operations;
}

export function serviceMethods(parts: ServiceMethodParts): ServiceMethods {
  const { server, drivers, powerTypes, router, operations } = parts;
  return {
    'features.catalogue': () => catalogueAnswer(),
    'features.matrix': () => matrixAnswer(drivers, powerTypes),
    'features.driver': ({ driver }) => driverAnswer(drivers, powerTypes, driver),
    'power.types': () => powerTypesAnswer(powerTypes),
    'host.list': () => ({
      hosts: [...router.hosts.values()].map(({ name, driver, manage, protect }) => ({
        name,
        driver: driver.name,
        server,
        manage: [...manage],
        protect: [...protect],
      })),
    }),
    'host.retry': async ({ host }) => ({ host, rearmed: await router.host(host).host.rearm() }),
    'operation.get': (reference, access) => operations.get(reference, access),
    'operation.list': (filter, access) => operations.list(filter, access),
    'operation.cancel': (reference, access) => operations.cancel(reference, access),
  };
}
