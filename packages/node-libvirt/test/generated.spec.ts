import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { generatedFiles } from '../scripts/generated-files.mjs';
import { installedFacts, type LibvirtFacts } from '../scripts/libvirt-facts.mjs';
import * as constants from '../src/generated/constants.js';
import { LIBVIRT_VERSION, programs } from '../src/generated/procedures.js';

const facts: LibvirtFacts = installedFacts();

describe('what was generated', () => {
  it('is what libvirt of the same version gives again, to the letter', async () => {
    // On a machine with another libvirt: what its facts give is generated from them all the same, twice alike.
    const files = await generatedFiles(facts);
    expect(Object.keys(files).sort()).toEqual(['constants.ts', 'procedures.ts']);
    for (const [name, text] of Object.entries(files)) {
      const committed = readFileSync(new URL(`../src/generated/${name}`, import.meta.url), 'utf8');
      expect(text.startsWith(`// Written by scripts/generate.mjs from the packages of libvirt ${facts.version}.`)).toBe(
        true,
      );
      if (facts.version === LIBVIRT_VERSION) expect(text).toBe(committed);
    }
  });

  it('agrees with any libvirt, older or newer, on what both know', () => {
    let compared = 0;
    for (const { name, number, version, procedures } of facts.programs) {
      const ours = Object.entries(programs).find(([known]) => known === name)?.[1];
      if (ours === undefined) continue;
      expect({ number, version }).toEqual({ number: ours.number, version: ours.version });
      const known: Readonly<Record<string, number>> = ours.procedures;
      for (const [procedure, its] of Object.entries(procedures)) {
        if (known[procedure] === undefined) continue;
        expect(`${procedure} ${its}`).toBe(`${procedure} ${known[procedure]}`);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(400);
    const groups: Readonly<Record<string, Readonly<Record<string, number | string>>>> = constants;
    for (const [type, members] of Object.entries(facts.enums))
      for (const [member, value] of Object.entries(members))
        if (groups[type.replace(/^vir/, '')]?.[member] !== undefined)
          expect(`${member} ${value}`).toBe(`${member} ${groups[type.replace(/^vir/, '')]?.[member]}`);
  });

  it.each([
    [programs.remote.procedures.connect_open, 1],
    [programs.remote.procedures.domain_get_state, 212],
    [programs.remote.procedures.connect_get_all_domain_stats, 344],
    [programs.remote.number, 0x2000_8086],
    [programs.keepalive.number, 0x6b65_6570],
    [constants.DomainState.VIR_DOMAIN_SHUTOFF, 5],
    [constants.ErrorNumber.VIR_ERR_NO_DOMAIN, 42],
    [constants.ConnectGetAllDomainStatsFlags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS, 0x8000_0000],
    [constants.ConnectGetAllDomainStatsFlags.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE, 1],
    [constants.DomainQemuAgentCommandTimeoutValues.VIR_DOMAIN_QEMU_AGENT_COMMAND_BLOCK, -2],
    [constants.ParameterName.VIR_MIGRATE_PARAM_URI, 'migrate_uri'],
  ])('holds %p where libvirt has %p', (ours, theirs) => expect(ours).toBe(theirs));
});
