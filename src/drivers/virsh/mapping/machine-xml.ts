import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { DomainDefinition } from './domain-definition.js';

export function osXml({ arch, machine, firmware, kernel }: DomainDefinition): XmlElement {
  const yesNo = (value: boolean) => (value ? 'yes' : 'no');
  return element(
    'os',
    { firmware: firmware && 'efi' },
    element('type', { arch, machine }, 'hvm'),
    firmware?.isSecure !== undefined &&
      element(
        'firmware',
        {},
        element('feature', { enabled: yesNo(firmware.isSecure), name: 'secure-boot' }),
        element('feature', { enabled: yesNo(firmware.isSecure), name: 'enrolled-keys' }),
      ),
    firmware !== undefined &&
      (firmware.isStateless || firmware.isSecure === true) &&
      element('loader', {
        secure: firmware.isSecure === true ? 'yes' : undefined,
        stateless: firmware.isStateless ? 'yes' : undefined,
      }),
    kernel && element('kernel', {}, kernel.path),
    kernel?.initrd !== undefined && element('initrd', {}, kernel.initrd),
    kernel?.parameters !== undefined && element('cmdline', {}, kernel.parameters),
  );
}

/** What a PC has. IBM Z has none of it: some of it libvirt would refuse, some it would take and ignore. */
export function featuresXml({ arch, firmware }: DomainDefinition): XmlElement | false {
  if (arch === 's390x') return false;
  return element(
    'features',
    {},
    element('acpi'),
    element('apic'),
    firmware?.isSecure === true && element('smm', { state: 'on' }),
  );
}

export function cpuXml({ cpu }: DomainDefinition): XmlElement | undefined {
  return (
    cpu &&
    element(
      'cpu',
      { mode: cpu.mode, match: cpu.mode === 'custom' ? 'exact' : undefined },
      cpu.model !== undefined && element('model', { fallback: 'forbid' }, cpu.model),
      cpu.topology && element('topology', cpu.topology),
      ...(cpu.features ?? []).map(({ name, policy }) => element('feature', { policy, name })),
    )
  );
}

export function clockXml({ arch, virtType }: DomainDefinition): XmlElement {
  const timers =
    arch === 's390x' || virtType !== 'kvm'
      ? []
      : [
          element('timer', { name: 'rtc', tickpolicy: 'catchup' }),
          element('timer', { name: 'pit', tickpolicy: 'delay' }),
          element('timer', { name: 'hpet', present: 'no' }),
        ];
  return element('clock', { offset: 'utc' }, ...timers);
}

export function memoryBackingXml({ memory }: DomainDefinition): XmlElement | undefined {
  switch (memory) {
    case undefined:
      return undefined;
    case 'hugepages':
      return element('memoryBacking', {}, element('hugepages'));
    case 'file':
      return element(
        'memoryBacking',
        {},
        element('source', { type: 'file' }),
        element('access', { mode: 'shared' }),
        element('allocation', { mode: 'immediate' }),
      );
  }
}
