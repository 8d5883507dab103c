import { describeSchema, type SchemaNode } from '../common/json-schema.js';
import { isSecretField } from '../common/secret.js';
import { ConfigFileSchema } from './config.schema.js';
import { SYSTEM_CONFIG_FILE } from './config-source.js';
import type { DriverSettings } from './load-config.js';
import { OVERRIDE_PREFIX, SHORT_VARIABLES } from './overrides.js';

/** The configuration reference, made of the schemas: `docs/config-reference.md`. */
export function configReference(driverSettings: DriverSettings): string {
  const sections = [...driverSettings].map(([driver, schema]) => {
    const rows = settingsRows(describeSchema(schema), '', `driver ${driver}`);
    const body = rows.length === 0 ? 'This driver has no settings.\n' : table(rows);
    return `## Settings of \`${driver}\`\n\nKeys below \`hosts.<name>.settings\`.\n\n${body}`;
  });
  const keys = table(settingsRows(describeSchema(ConfigFileSchema), '', 'configuration'));
  return `${[INTRODUCTION, `## Keys\n\n${keys}`, ...sections].join('\n').trimEnd()}\n`;
}

interface Row {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

/** Quoted in the reference, and checked like any other configuration by a test. */
export const CONFIG_EXAMPLE = `amqp:
  url: { env: BROKER_URL } # amqps://zenova:password@broker.example:5671
hosts:
  cpc1:
    driver: hmc-dpm
    settings:
      endpoint: hmc1.example
      userid: zenova
      password: { env: HMC_PASSWORD }
      cpc: CPC1
      tls: { ca_file: /etc/zenova/hmc1.pem }
    manage: ['web*', 'test-*'] # what changing requests may touch; an asterisk needs the quotes
    protect: [web-prod]
`;

/** Quoted and checked likewise. */
export const RULES_EXAMPLE = `rules:
  - { callers: [admin] }
  - { callers: ['*'], hosts: ['prod*'], methods: ['*.power_off', '*.reboot', power.off, power.cycle], action: deny }
  - { callers: [web-team], hosts: ['web*', prod-web], methods: ['compute.*', 'power.*', 'operation.*'] }
  - { callers: [web-team, monitoring], methods: ['features.*', host.list, power.types] }
  - { callers: [monitoring], methods: ['compute.get_*', compute.list_instances, power.query, operation.list] }
  - { callers: [rack-team], power_types: [manual], methods: ['power.*', 'operation.*'] }
`;

const INTRODUCTION = `# Configuration reference

Generated from the code by \`npm run docs:generate\`; do not edit.

One YAML file, found in this order: \`--config FILE\`, the variable \`ZENOVA_CONFIG\`, \`${SYSTEM_CONFIG_FILE}\`. A file that is
named but missing is an error. Without any file the service simulates a small estate. \`zenova config check\` names every
mistake at once, \`zenova config show\` prints what is in effect, with secrets redacted. Unknown keys are refused, a key
without a value counts as not written, and relative paths count from the file's directory.

## Environment

\`${OVERRIDE_PREFIX}\` and the path of a key, its parts joined by two underscores, override the file:
\`${OVERRIDE_PREFIX}HTTP__PORT=8781\` sets \`http.port\`, \`${OVERRIDE_PREFIX}HOSTS__CPC1__SETTINGS__USERID=operator\` sets the user of host
\`cpc1\`. Case does not matter, and \`_\` stands for \`-\` and \`.\` in names. Numbers, booleans and lists are written as in
YAML: \`[a, b]\`. The variable of a secret holds the secret itself.

| variable | sets |
| --- | --- |
${Object.entries(SHORT_VARIABLES)
  .map(([variable, path]) => `| \`${variable}\` | \`${path.join('.')}\` |`)
  .join('\n')}
| \`ZENOVA_CONFIG\` | the configuration file |

## Secrets

A secret is never written into the file. It is referred to:

\`\`\`yaml
password: { file: /etc/zenova/hmc-password } # a last line end is dropped; refused when every user can open the file
password: { env: HMC_PASSWORD }
\`\`\`

## Example

\`\`\`yaml
${CONFIG_EXAMPLE}\`\`\`

## Caller rules

Without \`rules\` every caller may do everything. With them, **the first rule that applies decides, and what no rule applies
to is refused** (FORBIDDEN with \`details.reason\` \`caller\`), before anything else happens.

- A rule applies when the caller matches \`callers\`, the method \`methods\`, and the request names one of its \`hosts\`,
  \`power_types\` or registered \`machines\`, if the rule has any; a registered machine has the power type that it is registered with. So a rule with \`hosts\` never applies to what names no host: \`host.list\`,
  \`power.types\` and \`features.*\` need a rule without.
- \`operation.get\` and \`operation.cancel\` count for the host, power type or machine where the operation acts; \`operation.list\`,
  \`machine.list\` and \`power.query_many\` leave out what their caller may not see.
- A caller is the RabbitMQ user, if the message has its \`user_id\`, which the broker checks. For \`anonymous\` (no
  \`user_id\`) and \`oslo:NAME\` (from the context of an oslo.messaging request, which says what its sender likes) nobody vouches:
  a rule allows them something only if its pattern is \`anonymous\` or begins with \`oslo:\`. A rule that denies, denies whoever
  matches.
- Events are not covered: who may read them is for the broker's permissions.

\`zenova config check\` names patterns that match nothing, and \`zenova config rules CALLER\` prints what a caller may do.

\`\`\`yaml
${RULES_EXAMPLE}\`\`\`
`;

/** Sections are flattened into dotted keys; a map's free names are shown as `<name>`, a list's items as `[]`. */
function settingsRows(node: SchemaNode, prefix: string, where: string): Row[] {
  const required = new Set(node.required ?? []);
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const below = child.typeText === undefined ? sectionOf(child) : undefined;
    if (below !== undefined) return settingsRows(below.node, `${key}${below.suffix}`, where);
    return [
      {
        key: `\`${key}\``,
        type: typeText(child, name),
        fallback: fallbackText(child, required.has(name)),
        description: child.description ?? '',
      },
    ];
  });
}

function sectionOf(node: SchemaNode): { node: SchemaNode; suffix: string } | undefined {
  if (node.properties !== undefined) return { node, suffix: '' };
  if (node.items?.properties !== undefined) return { node: node.items, suffix: '[]' };
  const values = node.additionalProperties;
  if (typeof values === 'object' && values.properties !== undefined) return { node: values, suffix: '.<name>' };
  return undefined;
}

function typeText(node: SchemaNode, name: string): string {
  if (node.typeText !== undefined) return node.typeText;
  if (isSecretField(name)) return 'secret reference';
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  const alternatives = node.anyOf ?? node.oneOf;
  if (alternatives !== undefined) return alternatives.map((alternative) => typeText(alternative, name)).join(' or ');
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeText(node.items, name)}`;
  if (node.type === 'object')
    return node.properties === undefined ? 'map' : `{${Object.keys(node.properties).join(', ')}}`;
  if (node.type === 'integer' || node.type === 'number') return `${node.type}${rangeText(node)}`;
  return node.type ?? 'value';
}

function rangeText({ minimum, maximum }: SchemaNode): string {
  const to = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && to !== undefined) return `, ${minimum} to ${to}`;
  if (minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER) return `, from ${minimum}`;
  return '';
}

function fallbackText(node: SchemaNode, isRequired: boolean): string {
  if (node.defaultText !== undefined) return node.defaultText;
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``;
  return isRequired ? '**required**' : '';
}

function table(rows: readonly Row[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const lines = rows.map(({ key, type, fallback, description }) =>
    ['', cell(key), cell(type), cell(fallback), cell(description), ''].join(' | ').trim(),
  );
  return `${['| key | type | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')}\n`;
}
