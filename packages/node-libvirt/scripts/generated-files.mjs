/** Makes the files in src/generated from what libvirt's own packages say. */
import { format } from 'prettier';

/** @typedef {import('./libvirt-facts.mjs').LibvirtFacts} LibvirtFacts */

/** Those that a client of hypervisors speaks. */
const spoken = ['remote', 'qemu', 'keepalive'];

/**
 * @param {LibvirtFacts} facts
 * @returns {Promise<Record<string, string>>} text by file name
 */
export async function generatedFiles(facts) {
  const origin = `// Written by scripts/generate.mjs from the packages of libvirt ${facts.version}. Do not edit.\n\n`;
  /** @type {(body: string) => Promise<string>} */
  const written = (body) =>
    format(origin + body, { parser: 'typescript', singleQuote: true, printWidth: 120, trailingComma: 'all' });
  return {
    'procedures.ts': await written(proceduresFile(facts)),
    'constants.ts': await written(constantsFile(facts)),
  };
}

/** @param {LibvirtFacts} facts */
function proceduresFile({ version, programs }) {
  const wanted = programs.filter(({ name }) => spoken.includes(name));
  const bodies = wanted.map(({ name, number, version, procedures }) => {
    const lines = Object.entries(procedures).map(([procedure, of]) => `${procedure}: ${of},`);
    return `${name}: { number: 0x${number.toString(16)}, version: ${version}, procedures: {\n${lines.join('\n')}\n} },`;
  });
  return [
    '/** The version of libvirt whose packages these facts are from. */',
    `export const LIBVIRT_VERSION = '${version}';\n`,
    '/** The programs of the RPC protocol, and the numbers of their procedures. libvirt adds some, and never changes one. */',
    `export const programs = {\n${bodies.join('\n')}\n} as const;\n`,
  ].join('\n');
}

/** @param {LibvirtFacts} facts */
function constantsFile({ enums, strings }) {
  const groups = Object.keys(enums)
    .sort()
    .map((type) => {
      const members = Object.entries(enums[type] ?? {})
        .filter(([name]) => !name.endsWith('_LAST')) // how many there are, which depends on the version
        .sort(([a, left], [b, right]) => left - right || (a < b ? -1 : 1));
      const lines = members.map(([name, value]) => `${name}: ${value},`);
      return `/** \`${type}\` */\nexport const ${type.replace(/^vir/, '')} = {\n${lines.join('\n')}\n} as const;\n`;
    });
  const names = Object.entries(strings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${JSON.stringify(value)},`);
  return [
    ...groups,
    '/** Names of typed parameters, and other texts that the API gives a name to (`VIR_MIGRATE_PARAM_URI`). */',
    `export const ParameterName = {\n${names.join('\n')}\n} as const;\n`,
  ].join('\n');
}
