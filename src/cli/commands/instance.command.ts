import { InvalidArgumentError, Option, type Command } from 'commander';
import { ComputeError } from '../../common/errors/index.js';
import { isLoopback } from '../../common/loopback.js';
import { METHODS } from '../../compute/contract/index.js';
import type { CliParts } from '../cli-parts.js';
import { attachTo } from '../console-session.js';
import { globalOptionsOf } from '../global-options.js';
import { Interrupted } from '../interrupted.js';
import { invoke } from '../invoke.js';
import { addMethodGroup, examplesText, mistakesText, usageError } from '../method-commands.js';
import { addDeployCommand } from './deploy.command.js';
import { terminalText } from '../terminal-text.js';

interface ConsoleFlags {
  readonly caFile?: string;
  readonly fingerprint?: string;
  readonly insecure?: boolean;
}

/** `instance`: the RPC methods, `deploy`, and `console`, which connects this terminal to an instance. */
export function addInstanceCommand(program: Command, parts: CliParts): void {
  const group = addMethodGroup(program, 'instance', parts);
  addDeployCommand(group, parts);
  addConsole(group, parts);
}

function addConsole(group: Command, parts: CliParts): void {
  const command = group
    .command('console')
    .description('Connect this terminal to the serial console of an instance; ^] (Control and ]) leaves it.')
    .argument('<host>', 'as the configuration calls it')
    .argument('<instance>', "its name, or the backend's id")
    .addOption(
      new Option('--ca-file <path>', 'PEM of the CA of who serves the console, or of its own certificate').conflicts([
        'fingerprint',
        'insecure',
      ]),
    )
    .addOption(
      new Option('--fingerprint <sha256>', 'the one certificate that is accepted, whatever name it has')
        .argParser(fingerprint)
        .conflicts('insecure'),
    )
    .addOption(
      new Option('--insecure', 'any certificate, or no encryption: whoever is in between can read and type along'),
    )
    .addHelpText(
      'after',
      `\nThe service tells where the console is; this machine connects to it itself: for an LPAR to port 6794 of its HMC, for a\nKVM guest to the HTTP surface of the service, by the address that its configuration has as console.public_url. It verifies\nthe certificate by the CAs of the system unless told otherwise.\n${examplesText(
        [
          'zenova instance console cpc1 ubuntu01',
          'zenova instance console cpc1 ubuntu01 --ca-file /etc/zenova/hmc1.pem',
        ],
      )}`,
    )
    .action(async (host: string, instance: string) => {
      const request = { host, instance, type: 'serial' } as const;
      const asked = METHODS['compute.get_console'].params.safeParse(request);
      if (!asked.success) usageError(command, mistakesText(asked.error.issues, ['host', 'instance']));
      const globals = globalOptionsOf(command);
      const { url } = await invoke('compute.get_console', request, globals, parts);
      const flags = command.opts<ConsoleFlags>();
      await converse(addressOf(url, instance, flags), instance, flags, globals.timeout, parts);
    });
}

async function converse(
  url: string,
  instance: string,
  { caFile, fingerprint: fingerprintSha256, insecure: isUnverified }: ConsoleFlags,
  timeoutMs: number | undefined,
  { stdin, stdout, stderr, interrupted, openConsole }: CliParts,
): Promise<void> {
  const console = await openConsole({
    url,
    ...(caFile === undefined ? {} : { caFile }),
    ...(fingerprintSha256 === undefined ? {} : { fingerprintSha256 }),
    ...(isUnverified === undefined ? {} : { isUnverified }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    // Not made harmless: it is the guest's own terminal that is shown.
    onText: (text) => void stdout.write(text),
  });
  stderr.write(`connected to the console of ${instance}; ^] leaves it\n`);
  const end = await attachTo(console, stdin, interrupted);
  if (end.kind === 'interrupted') throw new Interrupted('\ninterrupted');
  if (end.kind === 'left') {
    stderr.write('\nleft the console\n');
    return;
  }
  if (end.isBroken) throw new ComputeError('BACKEND_UNREACHABLE', `the console of ${instance} broke: ${end.reason}`);
  stderr.write(`\nthe console was closed at its other end (${terminalText(end.reason)})\n`);
}

/** @throws ComputeError FEATURE_LIMITED */
function addressOf(url: string | null, instance: string, { insecure }: ConsoleFlags): string {
  const { protocol, hostname } = url !== null && URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  if (url === null || (protocol !== 'wss:' && protocol !== 'ws:')) {
    throw new ComputeError(
      'FEATURE_LIMITED',
      `the console of ${instance} is no websocket, and this command connects to nothing else; see: zenova instance get-console --type serial`,
    );
  }
  if (protocol === 'wss:' || insecure === true || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return url;
  throw new ComputeError(
    'FEATURE_LIMITED',
    `the console of ${instance} is at ${hostname} without encryption, so that whoever is in between could read and type along: set console.public_url to an https address of a proxy before the service, or give --insecure`,
  );
}

function fingerprint(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text.replaceAll(':', ''))) return text;
  throw new InvalidArgumentError('Write the SHA-256 fingerprint: 64 hexadecimal digits, colons allowed.');
}
