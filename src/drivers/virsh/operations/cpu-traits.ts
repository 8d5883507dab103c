import {
  connectBaselineHypervisorCpu,
  ConnectBaselineCPUFlags,
  connectGetCapabilities,
  connectGetDomainCapabilities,
  type Caller,
} from 'node-libvirt';
import { parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { unlessRefused } from '../client/unless-refused.js';
import { cpuTraits, featuresOf, hostModel } from '../mapping/cpu-traits.js';
import { domainCapabilities, type DomainCapabilities } from '../mapping/domain-capabilities.js';
import { hostCapabilities } from '../mapping/host-capabilities.js';

/** What processors of a host can do for guests of its own architecture, with KVM where it has that. */
export async function readCpuTraits(caller: Caller): Promise<string[]> {
  const host = hostCapabilities(parseXml((await caller.call(connectGetCapabilities)).xml));
  const told = await unlessRefused(() => caller.call(connectGetDomainCapabilities, { arch: host.arch }));
  const offers = told && domainCapabilities(parseXml(told.xml));
  return cpuTraits(host, offers, offers === undefined ? [] : await expandedFeatures(caller, offers));
}

/** A model stands for features that only libvirt knows: it is asked for all of them. */
async function expandedFeatures(caller: Caller, offers: DomainCapabilities): Promise<string[]> {
  const cpu = hostModel(offers);
  if (cpu === undefined) return [];
  const { arch, virtType } = offers;
  const { VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES: flags } = ConnectBaselineCPUFlags;
  const expanded = await unlessRefused(() =>
    caller.call(connectBaselineHypervisorCpu, { arch, virtType, xmlCpus: [serialiseXml(cpu)], flags }),
  );
  return expanded === undefined ? [] : featuresOf(parseXml(expanded.cpu));
}
