export type { Caller, CallOptions } from './caller.js';
export { connect, type ConnectOptions } from './connect.js';
export { Connection, type ConnectionOptions } from './connection.js';
export {
  AuthenticationError,
  CallTimeoutError,
  ConnectionLostError,
  ProtocolError,
} from './errors/connection-errors.js';
export { LibvirtError } from './errors/libvirt-error.js';
export { TransportError, type TransportErrorKind } from './errors/transport-error.js';
export * from './generated/constants.js';
export { LIBVIRT_VERSION } from './generated/procedures.js';
export type { Call, EventLayout, StreamCall } from './layouts/call.js';
export {
  type DomainRef,
  type HostInterfaceRef,
  type NetworkFilterRef,
  type NetworkRef,
  type SecretRef,
  type SnapshotRef,
  type StoragePoolRef,
  type StorageVolumeRef,
  type TypedParameter,
  valuesOf,
} from './layouts/common.js';
export * from './layouts/connect-calls.js';
export * from './layouts/domain-calls.js';
export * from './layouts/domain-events.js';
export * from './layouts/domain-job-calls.js';
export * from './layouts/host-device-calls.js';
export * from './layouts/network-calls.js';
export * from './layouts/secret-calls.js';
export * from './layouts/snapshot-calls.js';
export * from './layouts/storage-calls.js';
export { ConnectionPool, type PoolOptions } from './pool/connection-pool.js';
export type { Listening } from './pool/watches.js';
export type { KeepaliveOptions } from './rpc/keepalive.js';
export type { LibvirtStream } from './rpc/stream.js';
export type { Transport } from './transport.js';
export { shellWord } from './transports/ssh-command.js';
export { type CommandOptions, SshCommands } from './transports/ssh-commands.js';
export type { SshTrust } from './transports/ssh-host-key.js';
export type { SshIdentity } from './transports/ssh-identity.js';
export type { CommandEnd } from './transports/command-end.js';
export type { SshServerOptions } from './transports/ssh-server.js';
export { type SshOptions, type SshWay, sshTransport } from './transports/ssh.js';
export type { TlsFile, TlsMaterial, TlsPki } from './transports/tls-pki.js';
export { type TlsOptions, tlsTransport } from './transports/tls.js';
export { unixTransport } from './unix-transport.js';
export { type LibvirtUri, parseUri, UriError, type UriTransport } from './uri.js';
export { XdrError } from './xdr/xdr-error.js';
export { sshServerFor, transportFor, type TransportForOptions, type WayToDaemon } from './transport-for.js';
