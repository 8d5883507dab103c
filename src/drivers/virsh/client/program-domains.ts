import {
  attributeOf,
  childAt,
  parseXml,
  required,
  serialiseXml,
  textOf,
  wholeNumber,
  XmlFailure,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import type {
  DefinitionForm,
  Domains,
  DomainStatus,
  DomainUsage,
  HypervisorFacts,
  ShutdownWay,
} from './domains.port.js';
import { ProgramError } from './program-error.js';
import type { VirshProgram } from './virsh-program.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STATES = 'domstats --state --nowait';
const DEFINITION_OPTIONS: Readonly<Record<DefinitionForm, string>> = {
  next: ' --inactive',
  'to-edit': ' --inactive --security-info',
};
const WITH_SAVED_MEMORY = 'list --all --uuid --with-managed-save';

/**
 * Domains by the program `virsh`. Of what it prints only that is read which is made for programs: lists of UUIDs and names, `domstats`, XML
 * (libvirt-lxd.md section 1). Commands name domains by UUID alone: of a name it might think that it is a number.
 */
export class ProgramDomains implements Domains {
  /** @param signal ends reads; what changes something is not called back */
  constructor(
    private readonly program: VirshProgram,
    private readonly signal: AbortSignal,
  ) {}

  async list(): Promise<DomainStatus[]> {
    const [listed = '', states = '', saved = ''] = await this.#read([
      'list --all --uuid --name',
      STATES,
      WITH_SAVED_MEMORY,
    ]);
    const stateOf = statesByName(states);
    const withMemory = new Set(linesOf(saved));
    return linesOf(listed).map((line) => {
      const [, uuid = '', name = ''] = /^(\S{36}) +(.*)$/.exec(line) ?? unreadable('the list of domains');
      // One that has come in between has no state yet.
      const { state, reason } = stateOf.get(name) ?? { state: 0, reason: 0 };
      return { name, uuid, state, reason, hasSavedMemory: withMemory.has(uuid) };
    });
  }

  async find(reference: string): Promise<DomainStatus | undefined> {
    const all = await this.list();
    const uuid = reference.toLowerCase();
    return all.find(({ name }) => name === reference) ?? all.find((one) => one.uuid === uuid);
  }

  async status(uuid: string): Promise<DomainStatus> {
    const domain = named(uuid);
    // Of these only `domname` takes a UUID for nothing else: the others would go on to a domain of that name.
    const [name = '', states = '', saved = ''] = await this.#read([
      `domname ${domain}`,
      `${STATES} ${domain}`,
      WITH_SAVED_MEMORY,
    ]);
    const [found] = statesByName(states).values();
    const { state, reason } = found ?? unreadable('the state of a domain');
    return { name: withoutEnd(name), uuid: domain, state, reason, hasSavedMemory: linesOf(saved).includes(domain) };
  }

  async definition(uuid: string, form?: DefinitionForm): Promise<XmlElement> {
    const options = form === undefined ? '' : DEFINITION_OPTIONS[form];
    const [xml = ''] = await this.#read([`dumpxml ${named(uuid)}${options}`]);
    const definition = parseXml(xml);
    if (textOf(childAt(definition, 'uuid')) === named(uuid)) return definition;
    throw new ProgramError(`there is no domain ${uuid}`, { native: 'VIR_ERR_NO_DOMAIN' });
  }

  async usage(uuid: string): Promise<DomainUsage> {
    const [definition, [stats = '']] = await Promise.all([
      this.definition(uuid),
      this.#read([`domstats --cpu-total --nowait ${named(uuid)}`]),
    ]);
    const memory = memoryKib(definition, 'memory');
    const vcpus = childAt(definition, 'vcpu');
    return {
      maxMemoryKib: memory,
      memoryKib: childAt(definition, 'currentMemory') === undefined ? memory : memoryKib(definition, 'currentMemory'),
      vcpus: required(
        wholeNumber(attributeOf(vcpus, 'current') ?? textOf(vcpus), 'the processors'),
        'the number of processors',
      ),
      cpuTimeNs: Number(/^ *cpu\.time=(\d+)$/m.exec(stats)?.[1] ?? 0),
    };
  }

  async hypervisor(): Promise<HypervisorFacts> {
    const [hostname = '', versions = '', node = ''] = await this.#read(['hostname', 'version --daemon', 'nodeinfo']);
    const [, type = '', version = ''] = /^Running hypervisor: (\S+)(?: ([\d.]+))?$/m.exec(versions) ?? [];
    const libvirt = /^Running against daemon: ([\d.]+)$/m.exec(versions)?.[1];
    const cpus = /^CPU\(s\): +(\d+)$/m.exec(node)?.[1];
    const memory = /^Memory size: +(\d+) KiB$/m.exec(node)?.[1];
    return {
      hostname: withoutEnd(hostname),
      type,
      hypervisorVersion: version === '' ? null : version,
      libvirtVersion: libvirt ?? unreadable('the version of libvirt'),
      cpuModel: /^CPU model: +(.+)$/m.exec(node)?.[1] ?? '',
      cpus: Number(cpus ?? unreadable('the number of processors')),
      memoryMib: Math.floor(Number(memory ?? unreadable('the memory of the host')) / 1024),
    };
  }

  async capabilities(): Promise<XmlElement> {
    const [xml = ''] = await this.#read(['capabilities']);
    return parseXml(xml);
  }

  async start(
    uuid: string,
    { fromScratch = false, timeoutMs }: { fromScratch?: boolean; timeoutMs: number },
  ): Promise<void> {
    await this.#change(`start${fromScratch ? ' --force-boot' : ''}`, uuid, timeoutMs);
  }

  async destroy(uuid: string, timeoutMs: number): Promise<void> {
    await this.#change('destroy', uuid, timeoutMs);
  }

  async shutdown(uuid: string, way: ShutdownWay | undefined, timeoutMs: number): Promise<void> {
    await this.#change(`shutdown${way === undefined ? '' : ` --mode ${way}`}`, uuid, timeoutMs);
  }

  async reset(uuid: string, timeoutMs: number): Promise<void> {
    await this.#change('reset', uuid, timeoutMs);
  }

  async suspend(uuid: string, timeoutMs: number): Promise<void> {
    await this.#change('suspend', uuid, timeoutMs);
  }

  async resume(uuid: string, timeoutMs: number): Promise<void> {
    await this.#change('resume', uuid, timeoutMs);
  }

  async saveMemory(uuid: string, timeoutMs: number): Promise<void> {
    await this.#change('managedsave', uuid, timeoutMs);
  }

  async dropSavedMemory(uuid: string, timeoutMs: number): Promise<void> {
    await this.#change('managedsave-remove', uuid, timeoutMs);
  }

  async define(definition: XmlElement, timeoutMs: number): Promise<void> {
    await this.program.run(['define /dev/stdin'], { input: serialiseXml(definition), timeoutMs });
  }

  async #read(commands: readonly string[]): Promise<string[]> {
    return await this.program.run(commands, { signal: this.signal });
  }

  /** A domain that is not there would be looked for by its name, which may be another's UUID: so it is looked for first. */
  async #change(command: string, uuid: string, timeoutMs: number): Promise<void> {
    const [verb, ...options] = command.split(' ');
    const endsAt = performance.now() + timeoutMs;
    await this.program.run([`domname ${named(uuid)}`], { timeoutMs });
    const rest = Math.max(1, endsAt - performance.now());
    await this.program.run([[verb, named(uuid), ...options].join(' ')], { timeoutMs: rest });
  }
}

/** The only thing of a request that stands in a command. */
function named(uuid: string): string {
  const lower = uuid.toLowerCase();
  if (UUID.test(lower)) return lower;
  throw new ProgramError('a domain is named by its UUID, and this is none', { native: 'VIR_ERR_NO_DOMAIN' });
}

/** What `domstats` tells: a line with the name of each domain, then a line for each value. */
function statesByName(text: string): ReadonlyMap<string, { readonly state: number; readonly reason: number }> {
  const blocks = text.split(/^Domain: /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const [first = ''] = block.split('\n', 1);
      const value = (name: string): number => {
        const found = new RegExp(String.raw`^ *state\.${name}=(\d+)$`, 'm').exec(block)?.[1];
        return Number(found ?? unreadable('the state of a domain'));
      };
      return [first.slice(1, -1), { state: value('state'), reason: value('reason') }];
    }),
  );
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function memoryKib(definition: XmlElement, name: 'memory' | 'currentMemory'): number {
  const from = childAt(definition, name);
  // libvirt writes both in this unit, whatever they were given in.
  if (attributeOf(from, 'unit') !== 'KiB') throw new XmlFailure('unexpected', `the size in <${name}> is not in KiB`);
  return required(wholeNumber(textOf(from), `the size in <${name}>`), `<${name}>`);
}

function withoutEnd(line: string): string {
  return line.replace(/\n+$/, '');
}

function unreadable(what: string): never {
  throw new ProgramError(`the program virsh does not tell ${what} in a form that is known`, {
    way: 'unreadable',
    wasSent: true,
  });
}
