import { attributeOf, childAt, childrenOf, element, type XmlElement } from '../../../connectors/xml/index.js';
import type { DomainCapabilities } from './domain-capabilities.js';
import type { HostCapabilities } from './host-capabilities.js';
import { ARCHITECTURES } from './machine-choice.js';

/** Architectures of hosts that os-traits has a name for, as libvirt calls them. */
const HOST_ARCHITECTURES = new Set(['x86_64', 's390x', 'aarch64', 'i686', 'ppc64', 'ppc64le']);

/** What os-traits calls a feature of a processor, by libvirt's name of it. Of IBM Z it knows none. */
export const FEATURE_TRAITS: Readonly<Record<string, readonly string[]>> = {
  '3dnow': ['HW_CPU_X86_3DNOW'],
  abm: ['HW_CPU_X86_ABM'],
  aes: ['HW_CPU_X86_AESNI'],
  avx: ['HW_CPU_X86_AVX'],
  avx2: ['HW_CPU_X86_AVX2'],
  'avx512-vpopcntdq': ['HW_CPU_X86_AVX512VPOPCNTDQ'],
  avx512bitalg: ['HW_CPU_X86_AVX512BITALG'],
  avx512bw: ['HW_CPU_X86_AVX512BW'],
  avx512cd: ['HW_CPU_X86_AVX512CD'],
  avx512dq: ['HW_CPU_X86_AVX512DQ'],
  avx512er: ['HW_CPU_X86_AVX512ER'],
  avx512f: ['HW_CPU_X86_AVX512F'],
  avx512ifma: ['HW_CPU_X86_AVX512IFMA'],
  avx512pf: ['HW_CPU_X86_AVX512PF'],
  avx512vbmi: ['HW_CPU_X86_AVX512VBMI'],
  avx512vbmi2: ['HW_CPU_X86_AVX512VBMI2'],
  avx512vl: ['HW_CPU_X86_AVX512VL'],
  avx512vnni: ['HW_CPU_X86_AVX512VNNI'],
  bmi1: ['HW_CPU_X86_BMI'],
  bmi2: ['HW_CPU_X86_BMI2'],
  f16c: ['HW_CPU_X86_F16C'],
  fma: ['HW_CPU_X86_FMA3'],
  fma4: ['HW_CPU_X86_FMA4'],
  gfni: ['HW_CPU_X86_AVX512GFNI'],
  mmx: ['HW_CPU_X86_MMX'],
  mpx: ['HW_CPU_X86_MPX'],
  pclmuldq: ['HW_CPU_X86_CLMUL'],
  pdpe1gb: ['HW_CPU_X86_PDPE1GB'],
  pni: ['HW_CPU_X86_SSE3'],
  rtm: ['HW_CPU_X86_TSX'],
  'sha-ni': ['HW_CPU_X86_SHA'],
  sse: ['HW_CPU_X86_SSE'],
  sse2: ['HW_CPU_X86_SSE2'],
  'sse4.1': ['HW_CPU_X86_SSE41'],
  'sse4.2': ['HW_CPU_X86_SSE42'],
  sse4a: ['HW_CPU_X86_SSE4A'],
  ssse3: ['HW_CPU_X86_SSSE3'],
  stibp: ['HW_CPU_X86_STIBP'],
  svm: ['HW_CPU_X86_SVM', 'HW_CPU_X86_AMD_SVM'],
  tbm: ['HW_CPU_X86_TBM'],
  vaes: ['HW_CPU_X86_AVX512VAES'],
  vmx: ['HW_CPU_X86_VMX', 'HW_CPU_X86_INTEL_VMX'],
  vpclmulqdq: ['HW_CPU_X86_AVX512VPCLMULQDQ'],
  xop: ['HW_CPU_X86_XOP'],
};

/** The same of what guests can be given, by libvirt's name among the features of domains. */
const OFFERED_TRAITS: Readonly<Record<string, string>> = { sev: 'HW_CPU_X86_AMD_SEV', sgx: 'HW_CPU_X86_SGX' };

/**
 * What processors of a host can do for guests, in the words of os-traits, sorted.
 *
 * @param offers undefined where libvirt does not tell
 * @param features libvirt's names of what the processor has that a guest gets
 */
export function cpuTraits(
  host: HostCapabilities,
  offers: Pick<DomainCapabilities, 'features'> | undefined,
  features: readonly string[],
): string[] {
  const made = ARCHITECTURES.filter((arch) => host.guests.some((guest) => guest.arch === arch));
  const offered = Object.entries(OFFERED_TRAITS).filter(([name]) => offers?.features.get(name) === true);
  return [
    ...(HOST_ARCHITECTURES.has(host.arch) ? [`HW_ARCH_${host.arch.toUpperCase()}`] : []),
    ...(host.hasThreads ? ['HW_CPU_HYPERTHREADING'] : []),
    ...made.map((arch) => `COMPUTE_ARCH_${arch.toUpperCase()}`),
    ...offered.map(([, trait]) => trait),
    ...new Set(features.flatMap((name) => (Object.hasOwn(FEATURE_TRAITS, name) ? (FEATURE_TRAITS[name] ?? []) : []))),
  ].toSorted();
}

/** The processor that guests get by the mode host-model, as libvirt takes it for comparing; undefined where there is none. */
export function hostModel({ hostModel: mode }: Pick<DomainCapabilities, 'hostModel'>): XmlElement | undefined {
  if (childAt(mode, 'model') === undefined) return undefined;
  return element('cpu', {}, ...['model', 'vendor', 'feature'].flatMap((name) => childrenOf(mode, name)));
}

/** Names of the features that a processor has. @param cpu with every one of them, those among them that its model has */
export function featuresOf(cpu: XmlElement): string[] {
  return childrenOf(cpu, 'feature')
    .filter((feature) => attributeOf(feature, 'policy') !== 'disable')
    .flatMap((feature) => attributeOf(feature, 'name') ?? []);
}
