import type { DriverPorts } from '../../../compute/contract/index.js';
import type { EventLayout, Listening } from 'node-libvirt';
import { accessKey, isVerified, type LibvirtAccess } from './libvirt-access.js';
import { LibvirtLink } from './libvirt-link.js';

/** The pool of the service that these ports belong to. */
export type PoolOf = (ports: DriverPorts) => LibvirtPool;

/** Links that no host holds are closed after this time without a call. */
const IDLE_CLOSE_MS = 5 * 60_000;

/** How a host uses its link. */
export interface HoldOptions {
  /** Told of events from the first connection on, over lost ones too. */
  readonly watches?: readonly HostWatch[];
}

/** Events of one kind, for a host: made by {@link hostWatch}. */
export type HostWatch = (link: LibvirtLink) => () => Promise<void>;

export function hostWatch<Event extends { readonly callbackId: number }>(
  layout: EventLayout<Event>,
  listening: Listening<Event>,
): HostWatch {
  return (link) => link.watch(layout, listening);
}

/** What a host holds. */
export interface Hold {
  readonly link: LibvirtLink;
  /** Gives it back, and closes it when nobody else uses it. */
  release(): Promise<void>;
}

interface Pooled {
  readonly key: string;
  readonly link: LibvirtLink;
  /** Hosts that hold it until they close. */
  holders: number;
  /** Has a machine of a power type used it? Then it stays until it is idle. */
  isBorrowed: boolean;
}

/**
 * The links of a service: one for each daemon, user, credential and trust, whoever uses it. Hosts hold a link until they close;
 * machines given in requests borrow one, and what is borrowed is closed when nobody has used it for a while.
 */
export class LibvirtPool {
  readonly #links = new Map<string, Pooled>();
  readonly #closing = new Set<Promise<void>>();
  #idleCheck: NodeJS.Timeout | undefined;

  constructor(private readonly idleCloseMs = IDLE_CLOSE_MS) {}

  /** A link for a host. */
  hold(access: LibvirtAccess, options: HoldOptions, ports: DriverPorts): Hold {
    const pooled = this.#open(access, ports);
    pooled.holders += 1;
    const stops = (options.watches ?? []).map((watch) => watch(pooled.link));
    let isReleased = false;
    return {
      link: pooled.link,
      release: async () => {
        if (!isReleased) {
          isReleased = true;
          pooled.holders -= 1;
          if (pooled.holders === 0 && !pooled.isBorrowed) this.#close(pooled);
          else await Promise.all(stops.map((stop) => stop()));
        }
        await Promise.all(this.#closing);
      },
    };
  }

  /** A link for one use, soon. */
  borrow(access: LibvirtAccess, ports: DriverPorts): LibvirtLink {
    const pooled = this.#open(access, ports);
    pooled.isBorrowed = true;
    this.#idleCheck ??= setInterval(() => this.#closeIdle(), Math.ceil(this.idleCloseMs / 5)).unref();
    return pooled.link;
  }

  /** Ends all borrowing: closes what no host holds. */
  async closeBorrowed(): Promise<void> {
    clearInterval(this.#idleCheck);
    this.#idleCheck = undefined;
    for (const pooled of this.#links.values()) {
      pooled.isBorrowed = false;
      if (pooled.holders === 0) this.#close(pooled);
    }
    await Promise.all(this.#closing);
  }

  #closeIdle(): void {
    for (const pooled of this.#links.values()) {
      if (pooled.holders === 0 && pooled.link.idleMs >= this.idleCloseMs) this.#close(pooled);
    }
    if (this.#links.size > 0) return;
    clearInterval(this.#idleCheck);
    this.#idleCheck = undefined;
  }

  #open(access: LibvirtAccess, ports: DriverPorts): Pooled {
    const key = accessKey(access);
    const existing = this.#links.get(key);
    if (existing !== undefined) return existing;
    if (!isVerified(access)) {
      ports.log.warn('who answers for libvirt is not verified: anybody in between can read and change everything', {
        libvirt: access.label,
      });
    }
    const pooled: Pooled = { key, link: new LibvirtLink(access, ports), holders: 0, isBorrowed: false };
    this.#links.set(key, pooled);
    return pooled;
  }

  #close({ key, link }: Pooled): void {
    this.#links.delete(key);
    const closing = link.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
