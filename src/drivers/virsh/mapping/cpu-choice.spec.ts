import { describe, expect, test } from '@jest/globals';
import { recordedXml } from '../../../../test/support/libvirt-xml.js';
import { CpuSchema, HostCpuSchema, lackingCpu, usualCpu } from './cpu-choice.js';
import { domainCapabilities } from './domain-capabilities.js';
import { hostCapabilities } from './host-capabilities.js';
import { hostRequirements } from './host-requirements.js';

const host = hostCapabilities(await recordedXml('capabilities'));
const kvm = domainCapabilities(await recordedXml('domain-capabilities-x86_64-kvm'));
const emulated = domainCapabilities(await recordedXml('domain-capabilities-s390x-qemu'));
const facts = {
  hostname: 'kvm1',
  type: 'QEMU',
  hypervisorVersion: '7.2.0',
  libvirtVersion: '9.0.0',
  cpuModel: 'x86_64',
  cpus: 2,
  memoryMib: 2048,
};

describe('the processor of guests', () => {
  test.each([
    [{ mode: 'host-model' }, true],
    [{ mode: 'custom', model: 'EPYC', features: [{ name: 'svm', policy: 'disable' }] }, true],
    [{ mode: 'custom' }, false],
    [{ mode: 'host-model', model: 'EPYC' }, false],
    [{ mode: 'custom', model: "EPYC'/>" }, false],
    [{ mode: 'best' }, false],
    [{}, false],
  ])('may be %j: %s', (cpu, isTaken) => {
    expect(HostCpuSchema.safeParse(cpu).success).toBe(isTaken);
    expect(CpuSchema.safeParse(cpu).success).toBe(isTaken);
  });

  test('has a shape for one guest alone', () => {
    const cpu = { mode: 'host-model', topology: { sockets: 1, cores: 2, threads: 1 } };
    expect(CpuSchema.safeParse(cpu).success).toBe(true);
    expect(HostCpuSchema.safeParse(cpu).success).toBe(false);
  });

  test('is what the host can give, when nobody says otherwise', () => {
    expect(usualCpu('kvm', kvm)).toEqual({ mode: 'host-model' });
    expect(usualCpu('kvm', { cpuModes: new Set(['host-passthrough']) })).toEqual({ mode: 'host-passthrough' });
    expect(usualCpu('qemu', emulated)).toEqual({ mode: 'maximum' });
    expect(usualCpu('qemu', { cpuModes: new Set() })).toBeUndefined();
  });

  test('is held against what the host has', () => {
    const models = { cpuModes: new Set(['custom']), cpuModels: new Map([['EPYC', undefined]] as const) };
    expect(lackingCpu({ mode: 'host-passthrough' }, kvm, 'guests')).toBeUndefined();
    expect(lackingCpu({ mode: 'custom', model: 'EPYC' }, models, 'guests')).toBeUndefined();
    expect(lackingCpu({ mode: 'custom', model: 'Haswell' }, kvm, 'guests')).toMatchObject({ field: 'model' });
    expect(lackingCpu({ mode: 'host-model' }, models, 'guests')).toEqual({
      field: 'mode',
      reason: 'guests have no processors of mode host-model, but custom',
    });
  });

  test.each([
    [undefined, 'met', null],
    [{ mode: 'host-passthrough' }, 'met', null],
    [{ mode: 'custom', model: 'z80' }, 'not_met', 'correct cpu.model in the settings of the host'],
  ] as const)('of the settings, %j, is a requirement that is %s', (cpu, status, remedy) => {
    const found = hostRequirements(facts, host, kvm, cpu).find(({ requirement }) => requirement === 'cpu_model');
    expect(found).toMatchObject({ status, remedy });
  });
});
