import { Parser } from '@stomp/stompjs';
import { connect, type TLSSocket } from 'node:tls';
import type { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { until } from './hmc-client.js';

export interface ReceivedFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A client that sends frames as text and reads them with a parser that is not the simulator's. */
export class StompWireClient {
  readonly frames: ReceivedFrame[] = [];
  heartBeats = 0;
  isClosed = false;

  private constructor(readonly socket: TLSSocket) {
    const parser = new Parser(
      ({ command, headers, binaryBody }) =>
        this.frames.push({
          command: command ?? '',
          headers: Object.fromEntries((headers ?? []).toReversed()),
          body: Buffer.from(binaryBody ?? []).toString('utf8'),
        }),
      () => (this.heartBeats += 1),
    );
    socket.on('data', (chunk: Buffer) => parser.parseChunk(new Uint8Array(chunk).buffer));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static open(simulator: HmcSimulator): Promise<StompWireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: simulator.stompPort, ca: simulator.certificatePem }, () =>
        resolve(new StompWireClient(socket)),
      );
      socket.once('error', reject);
    });
  }

  /** Opened and CONNECTED. */
  static async connected(
    simulator: HmcSimulator,
    login: string,
    passcode: string,
    headers: Record<string, string> = {},
  ): Promise<StompWireClient> {
    const client = await StompWireClient.open(simulator);
    client.send('CONNECT', { 'accept-version': '1.0,1.1,1.2', host: 'hmc', login, passcode, ...headers });
    const [answer] = await client.count(1);
    if (answer?.command !== 'CONNECTED') throw new Error(`CONNECT was answered ${JSON.stringify(answer)}`);
    client.frames.length = 0;
    return client;
  }

  send(command: string, headers: Record<string, string> = {}, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
    this.socket.write(`${[command, ...lines].join('\n')}\n\n${body}\0`);
  }

  /** Subscribes and waits until that has been done. */
  async subscribe(topic: string, id = topic): Promise<void> {
    this.send('SUBSCRIBE', { id, destination: `/topic/${topic}`, ack: 'auto', receipt: `r-${id}` });
    await until(
      () => this.frames,
      (frames) => frames.some(({ headers }) => headers['receipt-id'] === `r-${id}`),
    );
    this.frames.splice(
      this.frames.findIndex(({ command }) => command === 'RECEIPT'),
      1,
    );
  }

  /** The frames so far, once there are that many. */
  count(least: number): Promise<ReceivedFrame[]> {
    return until(
      () => this.frames,
      (frames) => frames.length >= least,
    );
  }

  closed(): Promise<boolean> {
    return until(
      () => this.isClosed,
      (isClosed) => isClosed,
    );
  }

  close(): void {
    this.socket.destroy();
  }
}
