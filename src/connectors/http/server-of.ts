/** The server that a web address leads to; an IPv6 address without its brackets. */
export function serverOf({ protocol, hostname, port }: URL): { readonly host: string; readonly port: number } {
  const defaultPort = protocol === 'http:' || protocol === 'ws:' ? 80 : 443;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) };
}
