import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { sharedBroker, type Broker } from '../support/broker.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { startService } from './support.js';

type Certificate = Awaited<ReturnType<typeof generate>>;

let broker: Pick<Broker, 'url' | 'stop'>;
let serverCertificate: Certificate;
let clientCertificate: Certificate;
/** Stands in for the broker's TLS listener: takes the TLS off and passes the rest on. */
let listener: Server;
const accepted: string[] = [];

const certificateFor = (commonName: string): Promise<Certificate> =>
  Promise.resolve(generate([{ name: 'commonName', value: commonName }], { keySize: 2048 }));

beforeAll(async () => {
  broker = await sharedBroker();
  serverCertificate = await certificateFor('broker.example');
  clientCertificate = await certificateFor('zenova.example');
  const { hostname, port } = new URL(broker.url);
  listener = createServer(
    {
      cert: serverCertificate.cert,
      key: serverCertificate.private,
      ca: clientCertificate.cert,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket: TLSSocket) => {
      accepted.push(String(socket.getPeerCertificate().subject.CN));
      const plain = connect(Number(port), hostname);
      socket.pipe(plain).pipe(socket);
      socket.on('error', () => plain.destroy());
      plain.on('error', () => socket.destroy());
    },
  );
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
});

afterAll(async () => {
  listener.close();
  await broker.stop();
});

function tlsUrl(): string {
  const url = new URL(broker.url.replace('amqp:', 'amqps:'));
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);
  return url.href;
}

describe('a broker behind TLS', () => {
  it('is checked against the CA, and shown the client certificate', async () => {
    const tls = {
      ca: serverCertificate.cert,
      cert: clientCertificate.cert,
      key: clientCertificate.private,
      servername: 'broker.example',
    };
    const service = await startService(tlsUrl(), { tls });
    expect(new Set(accepted)).toEqual(new Set(['zenova.example']));
    const client = await PlainClient.connect(broker.url);
    expect(await client.call(service.groupQueue, 'power.query', {})).toHaveProperty('response');
    await service.close();
    const operator = await Operator.connect(broker.url);
    await operator.remove(service);
    await Promise.all([client.close(), operator.close()]);
  });

  it('that nobody vouches for is not talked to', async () => {
    const service = await startService(tlsUrl(), { tls: { servername: 'broker.example' } }, { isReady: false });
    const status = await service.transport.health.until((s) => s.lastError !== null, AbortSignal.timeout(60_000));
    expect(status.isConnected).toBe(false);
    expect(status.lastError?.message).toMatch(/self-signed certificate/);
    await service.close();
  });
});
