import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../../kit/certificate.js';
import type { Session } from '../sessions.js';
import { isConnectFault, isMessageFault, type HmcFaults } from '../hmc-faults.js';
import { StompConnection, type StompParts } from './stomp-connection.js';
import type { Message, Topic, TopicsListener } from './topics.js';

export interface StompListenerOptions extends Omit<StompParts, 'isRefused'> {
  readonly certificate: ServerCertificate;
  readonly faults: HmcFaults;
  readonly mostConnections: number;
}

/** The STOMP server of an HMC: connections over TLS, and the messages for them. */
export class StompListener implements TopicsListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<TLSSocket, StompConnection>();
  readonly #stopListening: () => void;
  #next = 1;

  constructor(private readonly options: StompListenerOptions) {
    const { keyPem: key, certificatePem: cert } = options.certificate;
    this.#server = createServer({ key, cert, minVersion: 'TLSv1.2', noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.mostConnections;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#stopListening = options.topics.listen(this);
  }

  /** Returns the port, which matters when 0 was asked for. Rejects when the port is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Refuses new connections and cuts the existing ones. */
  close(): Promise<void> {
    this.#stopListening();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.dropAll();
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Clients that have connected, of one user or of all. */
  count(user?: string): number {
    const users = [...this.#connections.values()].map((connection) => connection.user);
    return users.filter((name) => name !== null && (user === undefined || name === user)).length;
  }

  /** Cuts the connections of one user, or all. */
  dropAll(user?: string): void {
    for (const connection of this.#connections.values()) {
      if (user === undefined || connection.user === user) connection.drop();
    }
  }

  published(message: Message): void {
    for (const connection of this.#connections.values()) {
      for (const subscription of connection.subscriptionsTo(message.topic)) {
        this.#deliver(message, connection, subscription);
      }
    }
  }

  ended(session: Session, topics: readonly Topic[]): void {
    for (const connection of this.#connections.values()) connection.sessionEnded(session, topics);
  }

  #accept(socket: TLSSocket): void {
    const connection = new StompConnection(socket, this.#next++, {
      ...this.options,
      isRefused: () => this.options.faults.take(target('CONNECT', '/'), isConnectFault) !== null,
    });
    this.#connections.set(socket, connection);
    socket.on('close', () => this.#connections.delete(socket));
  }

  #deliver(message: Message, connection: StompConnection, subscription: string): void {
    const { partition, cpc, type } = message;
    const asked = { ...target('MESSAGE', `/topic/${message.topic.name}`), partition, cpc, notification: type };
    const fault = this.options.faults.take(asked, isMessageFault);
    const faults = fault === null ? [] : [fault.kind];
    switch (fault?.kind) {
      case 'notification-lost':
        connection.record(message, faults);
        return;
      case 'notification-late':
        connection.deliver(message, subscription, { delayMs: fault.delay_ms, faults });
        return;
      case 'notification-twice':
        connection.deliver(message, subscription);
        connection.deliver(message, subscription, { faults });
        return;
      case 'stomp-cut':
        connection.record(message, faults);
        connection.drop();
        return;
      case undefined:
        connection.deliver(message, subscription);
    }
  }
}

const target = (method: string, path: string) => ({ method, path, partition: null, cpc: null });
