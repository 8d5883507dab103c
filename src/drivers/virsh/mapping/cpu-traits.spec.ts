import { describe, expect, test } from '@jest/globals';
import { recordedXml } from '../../../../test/support/libvirt-xml.js';
import { parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { cpuTraits, FEATURE_TRAITS, featuresOf, hostModel } from './cpu-traits.js';
import { domainCapabilities } from './domain-capabilities.js';
import { hostCapabilities } from './host-capabilities.js';

/** The names of os-traits 2.9.0 for processors of x86. */
const KNOWN = new Set(
  `3DNOW ABM AESNI AMD_IBPB AMD_NO_SSB AMD_SEV AMD_SSBD AMD_SVM AMD_VIRT_SSBD ASF AVX AVX2 AVX512BITALG AVX512BW AVX512CD AVX512DQ
  AVX512ER AVX512F AVX512GFNI AVX512IFMA AVX512PF AVX512VAES AVX512VBMI AVX512VBMI2 AVX512VL AVX512VNNI AVX512VPCLMULQDQ
  AVX512VPOPCNTDQ BMI BMI2 CLMUL F16C FMA3 FMA4 INTEL_MD_CLEAR INTEL_PCID INTEL_SPEC_CTRL INTEL_SSBD INTEL_VMX MMX MPX PDPE1GB SGX
  SHA SSE SSE2 SSE3 SSE41 SSE42 SSE4A SSSE3 STIBP SVM TBM TSX VMX XOP`
    .split(/\s+/)
    .map((name) => `HW_CPU_X86_${name}`),
);

const pc = hostCapabilities(await recordedXml('capabilities'));
const z = { ...pc, arch: 's390x', guests: pc.guests.filter(({ arch }) => arch === 's390x') };
const offers = domainCapabilities(await recordedXml('domain-capabilities-x86_64-kvm'));

describe('what the processors of a host can do', () => {
  test('has names that OpenStack has', () => {
    const names = Object.values(FEATURE_TRAITS).flat();
    expect(names.filter((name) => !KNOWN.has(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('is told of a PC by its features', () => {
    expect(cpuTraits(pc, offers, ['sse2', 'svm', 'x2apic', 'avx2', 'avx2', 'constructor'])).toEqual([
      'COMPUTE_ARCH_S390X',
      'COMPUTE_ARCH_X86_64',
      'HW_ARCH_X86_64',
      'HW_CPU_X86_AMD_SVM',
      'HW_CPU_X86_AVX2',
      'HW_CPU_X86_SSE2',
      'HW_CPU_X86_SVM',
    ]);
  });

  test('has what guests can be given, and whether cores run threads', () => {
    const sealed = { features: new Map([...offers.features, ['sev', true], ['sgx', true]] as const) };
    expect(cpuTraits({ ...pc, hasThreads: true }, sealed, [])).toEqual([
      'COMPUTE_ARCH_S390X',
      'COMPUTE_ARCH_X86_64',
      'HW_ARCH_X86_64',
      'HW_CPU_HYPERTHREADING',
      'HW_CPU_X86_AMD_SEV',
      'HW_CPU_X86_SGX',
    ]);
  });

  test('is the architecture alone on IBM Z, and where libvirt tells nothing', () => {
    expect(cpuTraits(z, undefined, ['vx', 'dfltcc'])).toEqual(['COMPUTE_ARCH_S390X', 'HW_ARCH_S390X']);
    expect(cpuTraits({ ...pc, arch: 'sun4v', guests: [] }, undefined, [])).toEqual([]);
  });
});

describe('the processor of the mode host-model', () => {
  test('is a model with what it has beside', () => {
    const cpu = hostModel(offers);
    expect(cpu && serialiseXml(cpu)).toContain(
      `<cpu><model fallback="forbid">kvm64</model><vendor>AMD</vendor><feature policy="require" name="vme"/>`,
    );
  });

  test('is not there where the host has no such mode', async () => {
    expect(hostModel(domainCapabilities(await recordedXml('domain-capabilities-s390x-qemu')))).toBeUndefined();
  });

  test('lacks the features that are taken from the model', () => {
    const cpu = parseXml(
      "<cpu><feature policy='require' name='sse'/><feature policy='disable' name='pni'/><feature name='x2apic'/></cpu>",
    );
    expect(featuresOf(cpu)).toEqual(['sse', 'x2apic']);
  });
});

describe('whether cores run threads', () => {
  test.each([
    ['0', false],
    ['0-1', true],
    ['0,4', true],
  ])('by the siblings %s', (siblings, hasThreads) => {
    const xml = `<capabilities><host><cpu><arch>x86_64</arch></cpu><topology><cells><cell><cpus><cpu id='0' siblings='${siblings}'/></cpus></cell></cells></topology></host></capabilities>`;
    expect(hostCapabilities(parseXml(xml)).hasThreads).toBe(hasThreads);
  });
});
