import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** Of OTLP: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly failure: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly service: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly doubleValue?: number };
}
interface WireSpan extends Omit<CollectedSpan, 'attributes' | 'service' | 'failure'> {
  readonly attributes?: readonly Attribute[];
  readonly status?: { readonly code?: number; readonly message?: string };
}
interface WireBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** Takes spans as an OpenTelemetry collector does: JSON over HTTP. */
export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  /** Headers of the latest request. */
  headers: IncomingMessage['headers'] = {};
  /** What it answers from now on. */
  status = 200;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      const answer = (status: number): void => {
        response.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
      };
      // What it cannot read is refused; a sender that went away reads no answer.
      this.#take(request).then(
        () => answer(this.status),
        () => answer(400),
      );
    });
  }

  static async start(): Promise<OtlpCollector> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OtlpCollector(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Those of a trace. */
  of(traceId: string): CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== 'POST' || request.url !== '/v1/traces') throw new Error(`${request.method} ${request.url}`);
    this.headers = request.headers;
    if (this.status !== 200) return;
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as WireBody;
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { attributes = [], status, ...span } of scopeSpans.flatMap(({ spans }) => spans)) {
        const failure = status?.code === 2 ? (status.message ?? '') : undefined;
        const service = fields(resource.attributes);
        this.spans.push({ ...span, failure, attributes: fields(attributes), service });
      }
    }
  }
}

function fields(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.doubleValue]),
  );
}
