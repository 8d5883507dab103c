import type { MethodName, MethodParams } from '../contract/index.js';
import { byName, carriedOut, driverChange, routeOn, type OpenHost } from './host-route.js';
import type { ChangeRoute } from './route.js';

/** Binds a method that changes an image of a host. Images go by their names, one change at a time. */
export function imageRoute(
  open: OpenHost,
  method: MethodName,
  operation: string,
  request: MethodParams<'image.remove'>,
): ChangeRoute {
  const { image: name } = request;
  // An instance that is called so, too, would only wait.
  const key = open.host.provisionalKey(`image ${name}`);
  return {
    ...routeOn(open, name),
    ...byName(key, name),
    permit: () => Promise.resolve(),
    ...carriedOut(open, driverChange(open, method, operation, request)),
    describe: () => ({}),
  };
}
