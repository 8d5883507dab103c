import type { MethodName, MethodResult, OperationView, PlannedStep } from '../compute/contract/index.js';
import { driverView, matrixView } from './feature-views.js';
import { factsOf, type Cell, type TableView } from './table.js';

/** How people see the answers that are lists; every other one is shown as facts. */
const VIEWS: { readonly [M in MethodName]?: (result: MethodResult<M>) => TableView } = {
  'compute.list_instances': ({ instances }) =>
    list(
      ['name', 'state', 'transition', 'native state', 'id'],
      instances.map(({ name, power_state: state, transition, native_state: native, id }) => [
        name,
        state,
        transition,
        native,
        id,
      ]),
    ),
  'host.list': ({ hosts }) =>
    list(
      ['name', 'driver', 'server', 'manage', 'protect', 'takes'],
      hosts.map(({ name, driver, server, manage, protect, maintenance, enabled }) => [
        name,
        driver,
        server,
        manage.join(' ') || 'nothing',
        protect.join(' ') || null,
        takesOf(maintenance, enabled),
      ]),
    ),
  'host.test': ({ checks }) =>
    list(
      ['check', 'ok', 'detail', 'remedy'],
      checks.map(({ name, ok, detail, remedy }) => [name, ok ? 'yes' : 'NO', detail, remedy]),
    ),
  'host.preflight': ({ requirements }) =>
    list(
      ['requirement', 'of', 'status', 'evidence', 'remedy'],
      requirements.map(({ requirement, subject, status, evidence, remedy }) => [
        requirement,
        subject,
        status,
        evidence,
        remedy,
      ]),
    ),
  'image.list': ({ images }) =>
    list(
      ['name', 'format', 'bytes', 'checksum'],
      images.map(({ name, format, size_bytes: bytes, checksum }) => [name, format, bytes, checksum]),
    ),
  'compute.get_console_log': ({ log }) =>
    list(
      ['console'],
      log.split('\n').map((line) => [line]),
    ),
  'machine.list': ({ machines }) =>
    list(
      ['name', 'type', 'controller', 'state', 'seen at', 'status', 'error'],
      machines.map(({ name, power_type: type, controller, state, observed_at: seen, status, error }) => [
        name,
        type,
        controller,
        state,
        seen,
        status,
        error === null ? null : `${error.code}: ${error.message}`,
      ]),
    ),
  'operation.list': ({ operations }) =>
    list(
      ['operation', 'method', 'name', 'host', 'state', 'accepted', 'news'],
      operations.map((operation) => [
        operation.operation_id,
        operation.method,
        operation.name,
        operation.host,
        operation.state,
        operation.accepted_at,
        newsOf(operation),
      ]),
    ),
  'power.query_many': ({ results }) =>
    list(
      ['name', 'state', 'transition', 'native state', 'seen', 'error'],
      results.map(({ machine, host, instance, state, transition, native_state: native, observed_at: seen, error }) => [
        machine ?? `${host}/${instance}`,
        state,
        transition,
        native,
        seen,
        error === null ? null : `${error.code}: ${error.message}`,
      ]),
    ),
  'power.probe': ({ machines }) =>
    list(
      ['name', 'parameters', 'state', 'native state', 'architecture', 'MAC addresses'],
      machines.map(({ name, power_parameters: parameters, state, native_state: native, architecture, ...found }) => [
        name,
        Object.entries(parameters)
          .map(([parameter, value]) => `${parameter}=${String(value)}`)
          .join(' '),
        state,
        native,
        architecture,
        found.mac_addresses.join(' '),
      ]),
    ),
  'power.types': ({ power_types: types }) =>
    list(
      ['type', 'title', 'verbs', 'parameters (* required)'],
      types.map(({ name, title, verbs, parameters }) => [
        name,
        title,
        verbs.map((verb) => verb.replace('power.', '')).join(' '),
        parameters.map((parameter) => `${parameter.name}${parameter.required ? '*' : ''}`).join(' '),
      ]),
    ),
  'features.catalogue': ({ features }) =>
    list(
      ['feature', 'title', 'status', 'asked for with'],
      features.map(({ key, title, status, governs }) => [
        key,
        title,
        status,
        [...new Set(governs.map(({ method, field }) => (field === null ? method : `${method} ${field}`)))].join(', '),
      ]),
    ),
  'features.driver': driverView,
  'features.matrix': matrixView,
};

/** The table for an answer. */
export function viewOf<M extends MethodName>(method: M, result: MethodResult<M>): TableView {
  const view = VIEWS[method];
  if (view !== undefined) return view(result);
  if ('steps' in result && result.steps !== undefined) return stepsView(result.steps);
  return factsOf(result);
}

/** What would be done. */
export function stepsView(steps: readonly PlannedStep[]): TableView {
  return list(
    ['would do', 'description'],
    steps.map(({ action, description }) => [action, description]),
  );
}

/** What a host lets be done. */
function takesOf(isInMaintenance: boolean, isEnabled: boolean): string {
  if (isInMaintenance) return 'nothing (maintenance)';
  return isEnabled ? 'changes and new instances' : 'changes';
}

/** The last word on an operation. */
export function newsOf({ error, progress, result }: OperationView): string | null {
  if (error !== null) return `${error.code}: ${error.message}`;
  if (progress !== null)
    return progress.percent === null ? progress.message : `${progress.message} (${progress.percent} %)`;
  return typeof result?.['outcome'] === 'string' ? result['outcome'] : null;
}

function list(head: readonly string[], rows: readonly (readonly Cell[])[]): TableView {
  return { kind: 'list', head, rows };
}
