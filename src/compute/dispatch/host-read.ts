import type { AnyOperations, CallContext, MethodName, MethodParams } from '../contract/index.js';
import {
  consoleLog,
  diagnostics,
  hostInfo,
  instanceInfo,
  instanceSummary,
  machineState,
  preflightAnswer,
} from './answers.js';
import type { Destination } from './destination.js';
import { refuseMissing, unsupported, within, type OpenHost } from './host-route.js';
import type { Answer, ReadRoute } from './route.js';

/** Binds a reading method to a host, or to one of its instances. @throws ComputeError FEATURE_UNSUPPORTED, before any traffic */
export function hostReadRoute(open: OpenHost, method: MethodName, operation: string, request: Destination): ReadRoute {
  refuseMissing(open, method, operation, request);
  const read = reader(open, operation as keyof AnyOperations, request);
  if (read === undefined) throw unsupported(open, method, operation);
  const driver = open.driver.name;
  return { driver, host: open.name, read: (ctx) => within({ driver }, () => read(ctx)) };
}

function reader(
  open: OpenHost,
  operation: keyof AnyOperations,
  request: Destination,
): ((ctx: CallContext) => Promise<Answer>) | undefined {
  const { name } = open;
  const { operations } = open.host;
  const { instance = '', max_age_ms: maxAgeMs = 0, devices = false } = request;
  const freshness = { maxAgeMs };
  switch (operation) {
    case 'listInstances':
      return async (ctx: CallContext) => ({
        host: name,
        instances: (await operations.listInstances(ctx, freshness)).map(instanceSummary),
      });
    case 'getInfo': {
      const { getInfo } = operations;
      const options = devices ? { ...freshness, devices } : freshness;
      return getInfo && (async (ctx: CallContext) => instanceInfo(await getInfo(ctx, instance, options), devices));
    }
    case 'getDiagnostics': {
      const { getDiagnostics } = operations;
      return getDiagnostics && (async (ctx: CallContext) => diagnostics(await getDiagnostics(ctx, instance)));
    }
    case 'getConsoleLog': {
      const { getConsoleLog } = operations;
      const { tail_lines } = request as MethodParams<'compute.get_console_log'>;
      return (
        getConsoleLog && (async (ctx: CallContext) => consoleLog(await getConsoleLog(ctx, instance, { tail_lines })))
      );
    }
    case 'queryPower':
      return async (ctx: CallContext) => machineState(await operations.queryPower(ctx, instance, freshness));
    case 'listImages': {
      const { listImages } = operations;
      return listImages && (async (ctx: CallContext) => ({ host: name, images: await listImages(ctx) }));
    }
    case 'getHostInfo': {
      const { getHostInfo } = operations;
      return getHostInfo && (async (ctx: CallContext) => hostInfo(name, open.driver.name, await getHostInfo(ctx)));
    }
    case 'testHost':
      return async (ctx: CallContext) => {
        const checks = await operations.testHost(ctx);
        return { host: name, ok: checks.every(({ ok }) => ok), checks: checks.map((check) => ({ ...check })) };
      };
    case 'preflight': {
      const { preflight } = operations;
      const params = { instance: request.instance };
      return preflight && (async (ctx: CallContext) => preflightAnswer(name, await preflight(ctx, params)));
    }
    default:
      return undefined;
  }
}
