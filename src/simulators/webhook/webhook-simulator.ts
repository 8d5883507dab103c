import { timingSafeEqual } from 'node:crypto';
import { createCertificate, publishCertificate, type ServerCertificate } from '../kit/certificate.js';
import { pause, SystemClock, type Clock } from '../kit/clock.js';
import { FaultRegistry, type FaultTarget } from '../kit/faults.js';
import { HttpsListener, type Answer, type ReceivedRequest } from '../kit/https-listener.js';
import { checkInventory } from '../kit/inventory-loader.js';
import { hostInUrl, inventoryOf, type StartOptions } from '../kit/start-options.js';
import { WireLog } from '../kit/wire-log.js';
import { WebhookFaultSchema, type WebhookFault, type WebhookFaultInput } from './fault.schema.js';
import {
  WebhookInventorySchema,
  type MachineState,
  type WebhookInventory,
  type WebhookInventoryInput,
} from './inventory.schema.js';
import { Machine } from './machine.js';

export const WEBHOOK_PORT = 8781;

export type WebhookSimulatorOptions = StartOptions<WebhookInventoryInput>;

interface WebhookFaultTarget extends FaultTarget {
  readonly machine: string | null;
}

type Action = 'on' | 'off' | 'status';

/** A request whose path is understood. */
interface Route {
  readonly machine: Machine;
  readonly action: Action;
}

const MAX_BODY_BYTES = 64 * 1024;
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };

/** What people put behind webhooks, on a real socket. See the README of this folder for what it does. */
export class WebhookSimulator {
  readonly wireLog = new WireLog();
  readonly #faults = new FaultRegistry<WebhookFault, WebhookFaultTarget>(
    (rule, { machine }) => rule.machine === undefined || rule.machine === machine,
  );
  readonly #machines: ReadonlyMap<string, Machine>;
  readonly #listener: HttpsListener;
  readonly #stop = new AbortController();
  #port = 0;

  private constructor(
    private readonly inventory: WebhookInventory,
    private readonly certificate: ServerCertificate | null,
    private readonly host: string,
    private readonly clock: Clock,
  ) {
    this.#machines = new Map(inventory.machines.map((entry) => [entry.name, new Machine(entry, clock)]));
    for (const rule of inventory.faults) this.#faults.add(rule);
    this.#listener = new HttpsListener({
      certificate,
      keepAliveMs: inventory.server.keep_alive_ms,
      maxBodyBytes: MAX_BODY_BYTES,
      chunked: false,
      handle: (request) => this.#handle(request),
    });
  }

  /** Rejects with an InventoryError, or with the error of the socket when the port is taken. */
  static async start(options: WebhookSimulatorOptions): Promise<WebhookSimulator> {
    const inventory = await inventoryOf(WebhookInventorySchema, options);
    const host = options.host ?? '127.0.0.1';
    const certificate = inventory.server.tls ? await createCertificate('webhook', [host]) : null;
    if (certificate !== null && options.certificateFile !== undefined) {
      await publishCertificate(certificate, options.certificateFile);
    }
    const simulator = new WebhookSimulator(inventory, certificate, host, options.clock ?? new SystemClock());
    simulator.#port = await simulator.#listener.listen(host, options.port ?? WEBHOOK_PORT);
    return simulator;
  }

  get url(): string {
    return `${this.certificate === null ? 'http' : 'https'}://${hostInUrl(this.host)}:${this.#port}`;
  }

  /** Null without TLS. */
  get fingerprint256(): string | null {
    return this.certificate?.fingerprint256 ?? null;
  }

  get certificatePem(): string | null {
    return this.certificate?.certificatePem ?? null;
  }

  get connections(): number {
    return this.#listener.connections;
  }

  /** Adds a fault rule, checked like one from an inventory. */
  fault(rule: WebhookFaultInput): number {
    return this.#faults.add(checkInventory(WebhookFaultSchema, rule, 'fault'));
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Throws a RangeError when the name is unknown. */
  state(name: string): MachineState {
    return this.#machine(name).state;
  }

  setState(name: string, state: MachineState): void {
    this.#machine(name).force(state);
  }

  /** How often a command was carried out, answered or not. */
  executed(name: string, action: 'on' | 'off'): number {
    return this.wireLog.count({ method: 'POST', path: `/machines/${name}/${action}*`, executed: true });
  }

  /** Closes every socket and stops every timer. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const machine of this.#machines.values()) machine.force(machine.state);
    await this.#listener.close();
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new RangeError(`there is no machine "${name}"`);
    return machine;
  }

  async #handle(request: ReceivedRequest): Promise<Answer> {
    const route = this.#routeOf(request.path);
    const machine = route?.machine.name ?? null;
    const target = { method: request.method, path: request.path, machine };
    const complete = this.wireLog.open({
      at: new Date(this.clock.now()).toISOString(),
      method: request.method,
      path: request.path,
      query: request.query,
      session: null,
      subject: machine,
    });
    const struck: string[] = [];
    const strike = (isWanted: (rule: WebhookFault) => boolean): WebhookFault | null => {
      const fault = this.#faults.take(target, (rule): rule is WebhookFault => isWanted(rule));
      if (fault !== null) struck.push(fault.kind);
      return fault;
    };
    complete({ user: presented(request.headers.authorization) });
    let answer = await this.#spoiled('before', strike);
    if (answer === null) {
      const isIgnored = request.method === 'POST' && strike(({ kind }) => kind === 'ignored') !== null;
      const own = this.#answer(request, route, isIgnored);
      complete({ executed: own.isExecuted });
      answer = (await this.#spoiled('after', strike)) ?? own.answer;
    }
    complete({ status: answer.kind === 'reset' ? null : answer.status, faults: struck });
    return answer;
  }

  /** The paths: `/machines/<name>/on`, `/off`, `/status`, with or without a slash at the end as the inventory says. */
  #routeOf(path: string): Route | undefined {
    const { slash } = this.inventory.server;
    const [, name = '', action = '', end = ''] = /^\/machines\/([^/]+)\/(on|off|status)(\/?)$/.exec(path) ?? [];
    const machine = this.#machines.get(name);
    if (machine === undefined || (slash === 'required' && end === '') || (slash === 'refused' && end !== ''))
      return undefined;
    return { machine, action: action as Action };
  }

  #answer(
    request: ReceivedRequest,
    route: Route | undefined,
    isIgnored: boolean,
  ): { answer: Answer; isExecuted: boolean } {
    const refusal = (status: number, body: string, headers = {}) => ({
      answer: { kind: 'body', status, headers: { ...TEXT, ...headers }, body } as const,
      isExecuted: false,
    });
    if (!this.#isAllowed(request.headers.authorization)) {
      return refusal(401, 'who are you?', { 'WWW-Authenticate': 'Basic realm="webhook"' });
    }
    if (route === undefined) return refusal(404, 'not found');
    const { machine, action } = route;
    if (request.method !== (action === 'status' ? 'GET' : 'POST')) return refusal(405, 'not allowed');
    if (action !== 'status' && !isIgnored) machine.switch(action);
    return {
      answer: { kind: 'body', status: 200, headers: TEXT, body: `status : ${machine.state}\n` },
      isExecuted: !isIgnored,
    };
  }

  #isAllowed(authorization: string | undefined): boolean {
    const { token, user, password } = this.inventory.server;
    const wanted = [
      ...(token === undefined ? [] : [`Bearer ${token}`]),
      ...(user === undefined ? [] : [`Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`]),
    ];
    if (wanted.length === 0) return true;
    const given = Buffer.from(authorization ?? '');
    return wanted.some((text) => given.length === Buffer.byteLength(text) && timingSafeEqual(given, Buffer.from(text)));
  }

  /** What a fault makes of an answer; null when none strikes that says anything. */
  async #spoiled(
    when: 'before' | 'after',
    strike: (isWanted: (rule: WebhookFault) => boolean) => WebhookFault | null,
  ): Promise<Answer | null> {
    const slow = strike((rule) => rule.kind === 'slow' && rule.when === when);
    if (slow?.kind === 'slow') await pause(this.clock, slow.delay_ms, this.#stop.signal);
    const fault = strike((rule) => rule.kind !== 'slow' && rule.kind !== 'ignored' && rule.when === when);
    return fault === null ? null : spoiledBy(fault);
  }
}

function spoiledBy(fault: WebhookFault): Answer | null {
  switch (fault.kind) {
    case 'error':
      return { kind: 'body', status: fault.status, headers: TEXT, body: fault.text };
    case 'redirect':
      return { kind: 'body', status: fault.status, headers: { ...TEXT, Location: fault.location }, body: 'elsewhere' };
    case 'html':
      return {
        kind: 'body',
        status: 200,
        headers: { 'Content-Type': 'text/html' },
        body: `<!DOCTYPE html>\n<html><head><title>Page</title></head><body><h1>${fault.text}</h1></body></html>\n`,
      };
    case 'answer-lost':
      return { kind: 'reset' };
    case 'endless-body':
      return { kind: 'endless', status: 200, headers: TEXT, start: 'status : ' };
    case 'binary':
      return {
        kind: 'bytes',
        status: 200,
        headers: { 'Content-Type': 'application/octet-stream' },
        bytes: Uint8Array.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe, 0x00, 0x80]),
      };
    case 'other-text':
      return { kind: 'body', status: 200, headers: TEXT, body: fault.text };
    case 'slow':
    case 'ignored':
      return null;
  }
}

/** What kind of credentials a request brought, and whose; never themselves. */
function presented(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const [scheme = '', blob = ''] = authorization.split(' ');
  if (scheme.toLowerCase() !== 'basic') return scheme.toLowerCase().slice(0, 20);
  return `basic ${(Buffer.from(blob, 'base64').toString().split(':')[0] ?? '').slice(0, 64)}`;
}
