import {
  connectGetAllDomainStats,
  ConnectGetAllDomainStatsFlags,
  connectGetCapabilities,
  connectGetHostname,
  connectGetLibVersion,
  connectGetType,
  connectGetVersion,
  connectListAllDomains,
  ConnectListAllDomainsFlags,
  DomainCreateFlags,
  domainCreateWithFlags,
  domainDefineXmlFlags,
  domainDestroy,
  domainGetInfo,
  domainGetState,
  domainGetXmlDesc,
  domainHasManagedSaveImage,
  domainLookupByName,
  domainLookupByUuid,
  domainManagedSave,
  domainManagedSaveRemove,
  domainReset,
  domainResume,
  domainShutdownFlags,
  DomainShutdownFlagValues,
  DomainState,
  DomainStatsTypes,
  domainSuspend,
  DomainXMLFlags,
  nodeGetInfo,
  valuesOf,
  type Caller,
  type DomainRef,
} from 'node-libvirt';
import { parseXml, serialiseXml, type XmlElement } from '../../../connectors/xml/index.js';
import type {
  DefinitionForm,
  Domains,
  DomainStatus,
  DomainUsage,
  HypervisorFacts,
  ShutdownWay,
} from './domains.port.js';
import { failureOf } from './libvirt-failure.js';
import { unlessMissing } from './unless-missing.js';

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const { VIR_DOMAIN_XML_INACTIVE: INACTIVE, VIR_DOMAIN_XML_SECURE: WITH_SECRETS } = DomainXMLFlags;
const DEFINITION_FLAGS: Readonly<Record<DefinitionForm, number>> = {
  next: INACTIVE,
  'to-edit': INACTIVE | WITH_SECRETS,
};
const { VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT: NOWAIT } = ConnectGetAllDomainStatsFlags;
const { VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE: WITH_SAVED_MEMORY } = ConnectListAllDomainsFlags;

/** Domains by libvirt's own protocol. */
export class RpcDomains implements Domains {
  /** @param signal ends reads; what changes something is not called back */
  constructor(
    private readonly caller: Caller,
    private readonly signal: AbortSignal,
  ) {}

  /** Two requests beside each other, however many there are; a guest that hangs holds up neither. */
  async list(): Promise<DomainStatus[]> {
    const { signal } = this;
    const [{ records }, { domains: saved }] = await Promise.all([
      this.caller.call(
        connectGetAllDomainStats,
        { domains: [], stats: DomainStatsTypes.VIR_DOMAIN_STATS_STATE, flags: NOWAIT },
        { signal },
      ),
      this.caller.call(connectListAllDomains, { flags: WITH_SAVED_MEMORY }, { signal }),
    ]);
    const withMemory = new Set(saved.map(({ uuid }) => uuid));
    return records.map(({ domain: { name, uuid }, parameters }) => {
      const values = valuesOf(parameters);
      return {
        name,
        uuid,
        state: Number(values.get('state.state') ?? DomainState.VIR_DOMAIN_NOSTATE),
        reason: Number(values.get('state.reason') ?? 0),
        hasSavedMemory: withMemory.has(uuid),
      };
    });
  }

  async find(reference: string): Promise<DomainStatus | undefined> {
    const found =
      (await this.#lookUp(() => this.caller.call(domainLookupByName, { name: reference }, this.#reading))) ??
      (UUID.test(reference)
        ? await this.#lookUp(() => this.caller.call(domainLookupByUuid, { uuid: reference }, this.#reading))
        : undefined);
    if (found === undefined) return undefined;
    return await unlessMissing('domain', () => this.#statusOf(found));
  }

  /** Its name is asked for beside its state: names are what people act by. */
  async status(uuid: string): Promise<DomainStatus> {
    const [{ domain }, state] = await Promise.all([
      this.caller.call(domainLookupByUuid, { uuid }, this.#reading),
      this.#stateOf(uuid),
    ]);
    return { name: domain.name, uuid: domain.uuid, ...state };
  }

  async definition(uuid: string, form?: DefinitionForm): Promise<XmlElement> {
    const flags = form === undefined ? 0 : DEFINITION_FLAGS[form];
    const { xml } = await this.caller.call(domainGetXmlDesc, { domain: ref(uuid), flags }, this.#reading);
    return parseXml(xml);
  }

  async usage(uuid: string): Promise<DomainUsage> {
    const info = await this.caller.call(domainGetInfo, { domain: ref(uuid) }, this.#reading);
    return {
      maxMemoryKib: Number(info.maxMemoryKib),
      memoryKib: Number(info.memoryKib),
      vcpus: info.vcpus,
      cpuTimeNs: Number(info.cpuTimeNs),
    };
  }

  async hypervisor(): Promise<HypervisorFacts> {
    const { caller } = this;
    const [{ hostname }, { type }, { version: libvirt }, node, version] = await Promise.all([
      caller.call(connectGetHostname, undefined, this.#reading),
      caller.call(connectGetType, undefined, this.#reading),
      caller.call(connectGetLibVersion, undefined, this.#reading),
      caller.call(nodeGetInfo, undefined, this.#reading),
      this.#hypervisorVersion(),
    ]);
    return {
      hostname,
      type,
      hypervisorVersion: version,
      libvirtVersion: versionText(libvirt),
      cpuModel: node.model,
      cpus: node.cpus,
      memoryMib: Math.floor(Number(node.memoryKib) / 1024),
    };
  }

  async capabilities(): Promise<XmlElement> {
    const { xml } = await this.caller.call(connectGetCapabilities, undefined, this.#reading);
    return parseXml(xml);
  }

  async start(
    uuid: string,
    { fromScratch = false, timeoutMs }: { fromScratch?: boolean; timeoutMs: number },
  ): Promise<void> {
    const flags = fromScratch ? DomainCreateFlags.VIR_DOMAIN_START_FORCE_BOOT : 0;
    await this.caller.call(domainCreateWithFlags, { domain: ref(uuid), flags }, { timeoutMs });
  }

  async destroy(uuid: string, timeoutMs: number): Promise<void> {
    await this.caller.call(domainDestroy, { domain: ref(uuid) }, { timeoutMs });
  }

  async shutdown(uuid: string, way: ShutdownWay | undefined, timeoutMs: number): Promise<void> {
    await this.caller.call(domainShutdownFlags, { domain: ref(uuid), flags: shutdownFlags(way) }, { timeoutMs });
  }

  async reset(uuid: string, timeoutMs: number): Promise<void> {
    await this.caller.call(domainReset, { domain: ref(uuid), flags: 0 }, { timeoutMs });
  }

  async suspend(uuid: string, timeoutMs: number): Promise<void> {
    await this.caller.call(domainSuspend, { domain: ref(uuid) }, { timeoutMs });
  }

  async resume(uuid: string, timeoutMs: number): Promise<void> {
    await this.caller.call(domainResume, { domain: ref(uuid) }, { timeoutMs });
  }

  async saveMemory(uuid: string, timeoutMs: number): Promise<void> {
    await this.caller.call(domainManagedSave, { domain: ref(uuid), flags: 0 }, { timeoutMs });
  }

  async dropSavedMemory(uuid: string, timeoutMs: number): Promise<void> {
    await this.caller.call(domainManagedSaveRemove, { domain: ref(uuid), flags: 0 }, { timeoutMs });
  }

  async define(definition: XmlElement, timeoutMs: number): Promise<void> {
    await this.caller.call(domainDefineXmlFlags, { xml: serialiseXml(definition), flags: 0 }, { timeoutMs });
  }

  get #reading(): { readonly signal: AbortSignal } {
    return { signal: this.signal };
  }

  async #lookUp(ask: () => Promise<{ readonly domain: DomainRef }>): Promise<DomainRef | undefined> {
    return (await unlessMissing('domain', ask))?.domain;
  }

  async #statusOf({ name, uuid }: DomainRef): Promise<DomainStatus> {
    return { name, uuid, ...(await this.#stateOf(uuid)) };
  }

  /** Only a domain that is off can have saved memory. */
  async #stateOf(uuid: string): Promise<Pick<DomainStatus, 'state' | 'reason' | 'hasSavedMemory'>> {
    const { state, reason } = await this.caller.call(domainGetState, { domain: ref(uuid), flags: 0 }, this.#reading);
    if (state !== DomainState.VIR_DOMAIN_SHUTOFF) return { state, reason, hasSavedMemory: false };
    const saved = await this.caller.call(domainHasManagedSaveImage, { domain: ref(uuid), flags: 0 }, this.#reading);
    return { state, reason, hasSavedMemory: saved.hasImage };
  }

  /** The test driver has none that means anything, and others need not have one. */
  async #hypervisorVersion(): Promise<string | null> {
    try {
      const { version } = await this.caller.call(connectGetVersion, undefined, this.#reading);
      return version === 0n ? null : versionText(version);
    } catch (error) {
      if (failureOf(error)?.isUnsupported === true) return null;
      throw error;
    }
  }
}

/** A domain as calls take it: the daemon looks at its UUID alone (libvirt-lxd.md section 5). */
function ref(uuid: string): DomainRef {
  return { name: '', uuid, id: -1 };
}

function shutdownFlags(way: ShutdownWay | undefined): number {
  switch (way) {
    case 'acpi':
      return DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
    case 'agent':
      return DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT;
    case undefined:
      return DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_DEFAULT;
  }
}

/** A million times the major, a thousand times the minor, and the release number. */
function versionText(version: bigint): string {
  return `${version / 1_000_000n}.${(version / 1000n) % 1000n}.${version % 1000n}`;
}
