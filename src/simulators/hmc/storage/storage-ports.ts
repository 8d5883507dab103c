import { refuse } from '../hmc-error.js';
import type { AdapterPort, Cpc } from '../model.js';

/** Ports of the FCP adapters of a CPC. */
export const fcpPorts = ({ adapters }: Cpc): AdapterPort[] =>
  adapters.filter(({ type }) => type === 'fcp').flatMap(({ ports }) => ports);

/** The FCP port that a request body names. Throws 404,6. */
export function fcpPort(cpc: Cpc, uri: unknown): AdapterPort {
  const port = fcpPorts(cpc).find((candidate) => candidate.uri === uri);
  if (port === undefined) throw refuse.namedPortUnknown(String(uri));
  return port;
}
