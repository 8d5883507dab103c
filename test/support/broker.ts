/** A private RabbitMQ on free loopback ports (scripts/broker.mjs). */
export interface Broker {
  readonly url: string;
  /** Runs `rabbitmqctl` against it. */
  ctl(...args: string[]): Promise<string>;
  /** Ends it as a crash would; `restart` brings it back with its durable queues. */
  kill(): Promise<void>;
  /** Ends it in good order. */
  halt(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** Further lines of its rabbitmq.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly plugins?: readonly string[];
}

/** A broker of one's own, to stop, start and break. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const script = new URL('../../scripts/broker.mjs', import.meta.url).href;
  const { startBroker: start } = (await import(script)) as { startBroker: (how: BrokerOptions) => Promise<Broker> };
  return start(options);
}

/** The broker of this run (`ZENOVA_AMQP_URL`, whose names are shared), else one of one's own. */
export async function sharedBroker(): Promise<Pick<Broker, 'url' | 'stop'>> {
  const url = process.env['ZENOVA_AMQP_URL'];
  return url === undefined ? startBroker() : { url, stop: () => Promise.resolve() };
}
