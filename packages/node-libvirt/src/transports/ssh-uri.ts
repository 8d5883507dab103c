import type { SshOptions, SshWay } from './ssh.js';
import type { SshTrust } from './ssh-host-key.js';
import type { SshIdentity } from './ssh-identity.js';
import { TransportError } from '../errors/transport-error.js';

/** What a URI with `+ssh`, `+libssh` or `+libssh2` says, as libvirt's users write it. */
export interface SshUri {
  readonly driver: string;
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** As `/system`. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** What remains for the daemon over there. */
  readonly driverUri: string;
}

export interface SshUriOptions {
  readonly isReadOnly: boolean;
  /** Instead of what the URI says. */
  readonly trust?: SshTrust | undefined;
  /** Beside what the URI says, and before it. */
  readonly identity?: SshIdentity | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Where daemons that root runs listen, on the other side. */
const RUN = '/run/libvirt';
const LOG_ONS = ['agent', 'privkey', 'password', 'keyboard-interactive'];

/** @throws TransportError `settings` when the URI asks for what is not to be had */
export function sshOptionsOf(uri: SshUri, options: SshUriOptions): SshOptions {
  const { host, port, user, parameters } = uri;
  if (parameters.has('command')) throw refused('command', 'no ssh program is run: this client speaks ssh by itself');
  return {
    host,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    trust: options.trust ?? trustOf(parameters),
    identity: { ...identityOf(parameters), ...options.identity },
    ways: waysOf(uri, options.isReadOnly),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  };
}

function trustOf(parameters: SshUri['parameters']): SshTrust {
  const verify = parameters.get('known_hosts_verify') ?? 'normal';
  if (isSet(parameters, 'no_verify') || verify === 'ignore') return { kind: 'unverified' };
  if (verify !== 'normal')
    throw refused('known_hosts_verify', `"${verify}" would trust whoever answers first; normal and ignore are known`);
  const file = parameters.get('known_hosts');
  return { kind: 'known-hosts', ...(file !== undefined && { files: [file] }) };
}

function identityOf(parameters: SshUri['parameters']): SshIdentity {
  const keyFile = parameters.get('keyfile');
  const wanted = parameters.get('sshauth')?.split(',');
  const unknown = wanted?.find((logOn) => !LOG_ONS.includes(logOn));
  if (unknown !== undefined) throw refused('sshauth', `"${unknown}" is not one of ${LOG_ONS.join(', ')}`);
  const isWanted = (logOn: string): boolean => wanted === undefined || wanted.includes(logOn);
  return {
    ...(keyFile !== undefined && { keyFiles: [keyFile] }),
    ...(!isWanted('privkey') && { keyFiles: [] }),
    ...(!isWanted('agent') && { agent: false as const }),
  };
}

function waysOf({ driver, path, parameters, driverUri }: SshUri, isReadOnly: boolean): SshWay[] {
  const suffix = isReadOnly ? '-ro' : '';
  const given = parameters.get('socket');
  const program = parameters.get('netcat');
  const direct = `${RUN}/virt${driver}d-sock${suffix}`;
  const common = `${RUN}/libvirt-sock${suffix}`;
  const sockets = given === undefined ? socketsOf(parameters.get('mode') ?? 'auto', common, direct) : [given];
  const [first = common] = sockets;
  const bySocket = sockets.map((socket): SshWay => ({ kind: 'socket', path: socket }));
  const byNetcat: SshWay = { kind: 'netcat', path: first, ...(program !== undefined && { program }) };
  const byHelper: SshWay = { kind: 'helper', driverUri, isReadOnly };
  const proxy = parameters.get('proxy') ?? 'auto';
  switch (proxy) {
    case 'native':
      return [byHelper];
    case 'netcat':
      return [byNetcat];
    case 'auto':
      // Where a user's own daemon listens is known over there only.
      if (path === '/session' && given === undefined) return [byHelper];
      return [...bySocket, given === undefined && program === undefined ? byHelper : byNetcat];
    default:
      throw refused('proxy', `"${proxy}" is not one of auto, native, netcat`);
  }
}

/** Modular daemons have a socket for each driver, and mostly one for all in libvirtd's old place. */
function socketsOf(mode: string, common: string, direct: string): string[] {
  switch (mode) {
    case 'auto':
      return [common, direct];
    case 'legacy':
      return [common];
    case 'direct':
      return [direct];
    default:
      throw refused('mode', `"${mode}" is not one of auto, legacy, direct`);
  }
}

function isSet(parameters: SshUri['parameters'], name: string): boolean {
  const value = parameters.get(name);
  return value !== undefined && value !== '0' && value !== '';
}

function refused(parameter: string, reason: string): TransportError {
  return new TransportError('settings', `the parameter ${parameter} of the libvirt URI: ${reason}`);
}
