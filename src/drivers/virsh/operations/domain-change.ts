import type { Caller, DomainRef } from 'node-libvirt';
import type { XmlElement } from '../../../connectors/xml/index.js';
import type { ChangeResult, OperationContext, Target } from '../../../compute/contract/index.js';
import { Change, writesAnswered } from '../../kit/index.js';
import type { Domains, DomainStatus } from '../client/domains.port.js';
import { patientCaller } from '../client/patient-caller.js';
import { unlessMissing } from '../client/unless-missing.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { observe } from '../mapping/domain-state.js';
import { toVirshComputeError } from '../virsh.errors.js';
import type { VirshPlace } from './virsh-place.js';

/** A change under way at a libvirt host. */
export class VirshChange extends Change {
  readonly domains: Domains;

  constructor(
    ctx: OperationContext,
    readonly place: VirshPlace,
    target: Target,
  ) {
    super(ctx, target, place.backend, writesAnswered(ctx.checkpoints));
    this.domains = place.domains(ctx);
  }

  get noun(): string {
    return 'domain';
  }

  /** All of libvirt's protocol, in which reads are made as {@link ask} asks. @throws ComputeError FEATURE_LIMITED */
  get caller(): Caller {
    return patientCaller(this.plainCaller, (question) => this.ask(question));
  }

  /** The same, which asks everything once: for what matters less than that the change goes on. */
  get plainCaller(): Caller {
    return this.place.caller(this.ctx);
  }

  get requestTimeoutMs(): number {
    return this.backend.pacing.requestTimeoutMs;
  }

  /** Asks what is not asked by {@link caller}, over interruptions that a restarting daemon explains. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    const { found } = await this.poll(
      `${this.backend.noun} to answer`,
      this.backend.pacing.poll.initialMs,
      async () => ({
        found: await question(),
      }),
    );
    return found;
  }

  explain(what: string, error: unknown): unknown {
    const doing = { what: `${what} ${this.target.name}`, libvirt: this.place.label, changes: true };
    return toVirshComputeError(error, doing);
  }
}

/** One change of one domain that is there. */
export class DomainChange extends VirshChange {
  get uuid(): string {
    return this.target.id;
  }

  /**
   * Another change of the same domain, which has a time of its own, since that of this one may be over: to take back or to end what this
   * one has sent.
   */
  afresh(): DomainChange {
    return new DomainChange(this.ctx, this.place, this.target);
  }

  /** As libvirt's calls take it; it is found by its UUID alone. */
  get ref(): DomainRef {
    return { name: this.target.name, uuid: this.uuid, id: -1 };
  }

  /**
   * Its state.
   *
   * @throws ComputeError INSTANCE_NOT_FOUND when it is called otherwise by now; the failure of libvirt when it is not there
   */
  async look(): Promise<DomainStatus> {
    const status = await this.ask(() => this.domains.status(this.uuid));
    this.#verify(status);
    return status;
  }

  /** The same, and undefined when there is no such domain. */
  async lookIfThere(): Promise<DomainStatus | undefined> {
    return await unlessMissing('anything', () => this.look());
  }

  /** @param form `next`: as it will be at its next start; otherwise as it runs, where it does */
  async definition(form?: 'next'): Promise<XmlElement> {
    return await this.ask(() => this.domains.definition(this.uuid, form));
  }

  /**
   * Defines it anew, from its next start on, with the secrets that are in its definition, such as the password of its screen. Nothing else
   * reads them, and nothing keeps them.
   */
  async redefine(timeoutMs: number, edit: (own: XmlElement) => XmlElement): Promise<void> {
    const own = await this.ask(() => this.domains.definition(this.uuid, 'to-edit'));
    await this.domains.define(edit(own), timeoutMs);
  }

  async facts(form?: 'next'): Promise<DomainFacts> {
    return domainFacts(await this.definition(form));
  }

  /** How it ended. @param hasActed false: it was so, and nothing was sent */
  ended(hasActed: boolean, status: DomainStatus): ChangeResult {
    return { outcome: hasActed ? 'done' : 'already', state: stateOf(status, this.ctx.clock.now()) };
  }

  /** Names are what people act by: another name under the same UUID is not what was asked for. */
  #verify({ name }: DomainStatus): void {
    if (name === this.target.name) return;
    throw this.error(
      'INSTANCE_NOT_FOUND',
      `${this.label} (${this.backend.label}) is called ${name} by now; nothing more was done, repeat it with the new name`,
    );
  }
}

export function stateOf({ state, reason, hasSavedMemory }: DomainStatus, observedAt: number): ChangeResult['state'] {
  return observe(state, reason, observedAt, hasSavedMemory);
}
