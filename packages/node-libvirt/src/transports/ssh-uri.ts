import { daemonSockets, isSet, refusedParameter, SYSTEM_DIRECTORY } from './uri-parameters.js';
import type { SshOptions, SshWay } from './ssh.js';
import type { SshTrust } from './ssh-host-key.js';
import type { SshIdentity } from './ssh-identity.js';

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
  readonly driverUri: string | undefined;
}

export interface SshUriOptions {
  readonly isReadOnly: boolean;
  /** Instead of what the URI says. */
  readonly trust?: SshTrust | undefined;
  /** Beside what the URI says, and before it. */
  readonly identity?: SshIdentity | undefined;
  readonly timeoutMs?: number | undefined;
}

const LOG_ONS = ['agent', 'privkey', 'password', 'keyboard-interactive'];

/** @throws TransportError `settings` when the URI asks for what is not to be had */
export function sshOptionsOf(uri: SshUri, options: SshUriOptions): SshOptions {
  const { host, port, user, parameters } = uri;
  if (parameters.has('command'))
    throw refusedParameter('command', 'no ssh program is run: this client speaks ssh by itself');
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
    throw refusedParameter(
      'known_hosts_verify',
      `"${verify}" would trust whoever answers first; normal and ignore are known`,
    );
  const file = parameters.get('known_hosts');
  return { kind: 'known-hosts', ...(file !== undefined && { files: [file] }) };
}

function identityOf(parameters: SshUri['parameters']): SshIdentity {
  const keyFile = parameters.get('keyfile');
  const wanted = parameters.get('sshauth')?.split(',');
  const unknown = wanted?.find((logOn) => !LOG_ONS.includes(logOn));
  if (unknown !== undefined) throw refusedParameter('sshauth', `"${unknown}" is not one of ${LOG_ONS.join(', ')}`);
  const isWanted = (logOn: string): boolean => wanted === undefined || wanted.includes(logOn);
  return {
    ...(keyFile !== undefined && { keyFiles: [keyFile] }),
    ...(!isWanted('privkey') && { keyFiles: [] }),
    ...(!isWanted('agent') && { agent: false as const }),
  };
}

function waysOf({ driver, path, parameters, driverUri }: SshUri, isReadOnly: boolean): SshWay[] {
  const given = parameters.get('socket');
  const mode = parameters.get('mode');
  const program = parameters.get('netcat');
  const [first, ...others] =
    given === undefined ? daemonSockets({ directory: SYSTEM_DIRECTORY, driver, isReadOnly, mode }) : [given];
  const bySocket = [first, ...others].map((socket): SshWay => ({ kind: 'socket', path: socket }));
  const byNetcat: SshWay = { kind: 'netcat', path: first, ...(program !== undefined && { program }) };
  const byHelper: SshWay[] = driverUri === undefined ? [] : [{ kind: 'helper', driverUri, isReadOnly }];
  const proxy = parameters.get('proxy') ?? 'auto';
  switch (proxy) {
    case 'native':
      if (driverUri === undefined) throw refusedParameter('proxy', 'the helper has to be told which driver is wanted');
      return byHelper;
    case 'netcat':
      return [byNetcat];
    case 'auto':
      // Where a user's own daemon listens is known over there only.
      if (path === '/session' && given === undefined) return byHelper;
      return [...bySocket, ...(given === undefined && program === undefined ? byHelper : [byNetcat])];
    default:
      throw refusedParameter('proxy', `"${proxy}" is not one of auto, native, netcat`);
  }
}
