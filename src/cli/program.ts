import { Command } from 'commander';
import type { CliParts } from './cli-parts.js';
import { addConfigCommand } from './commands/config.command.js';
import { addDeadCommand } from './commands/dead.command.js';
import { addDbCommand } from './commands/db.command.js';
import { addFeaturesCommand } from './commands/features.command.js';
import { addInstanceCommand } from './commands/instance.command.js';
import { addMachineCommand } from './commands/machine.command.js';
import { addOperationCommand } from './commands/operation.command.js';
import { addPowerCommand } from './commands/power.command.js';
import { addSecretsCommand } from './commands/secrets.command.js';
import { addServeCommand } from './commands/serve.command.js';
import { addSimulateCommand } from './commands/simulate.command.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { addGlobalOptions, ignoredOptionOf, visibleGlobalOptions } from './global-options.js';
import { addMethodGroup, examplesText, usageError } from './method-commands.js';
import { reportError } from './report-error.js';

const EXIT_CODES_TEXT = `
Exit codes:
  ${EXIT.ok}    done
  ${EXIT.failed}    the service answered with an error, or a test found something wrong
  ${EXIT.usage}    wrong usage or configuration; nothing was sent
  ${EXIT.unreachable}    no broker, no service, or no answer
  ${EXIT.pending}    db migrate --dry-run: there are steps to take
  ${EXIT.interrupted}  interrupted`;

/** Runs the command line and answers its exit code. @param argv the arguments proper, without node and script */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<ExitCode> {
  const program = createProgram(parts);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return reportError(error, parts, argv.includes('--json'));
  }
}

function createProgram(parts: CliParts): Command {
  const program = new Command('zenova')
    .description(
      'Powers and manages LPARs, guests and machines; a client of the Zenova service, and the service itself.',
    )
    .version(parts.version, '--version', 'print the version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions })
    .configureOutput({
      writeOut: (text) => void parts.stdout.write(text),
      writeErr: (text) => void parts.stderr.write(text),
      getOutHelpWidth: () => parts.stdout.columns ?? 100,
      getErrHelpWidth: () => parts.stderr.columns ?? 100,
    });
  addGlobalOptions(program);
  program.hook('preAction', (_, command) => {
    const ignored = ignoredOptionOf(command);
    if (ignored === undefined) return;
    usageError(command, `${ignored} is for commands that ask a service, and means nothing here`);
  });
  addServeCommand(program, parts);
  addFeaturesCommand(program, parts);
  addPowerCommand(program, parts);
  addInstanceCommand(program, parts);
  addMethodGroup(program, 'image', parts);
  addMethodGroup(program, 'host', parts);
  addMachineCommand(program, parts);
  addOperationCommand(program, parts);
  addDeadCommand(program, parts);
  addSimulateCommand(program, parts);
  addConfigCommand(program, parts);
  addSecretsCommand(program, parts);
  addDbCommand(program, parts);
  return program.addHelpText(
    'after',
    `${examplesText(['zenova features', 'zenova instance list cpc1', 'zenova instance power-on cpc1 ubuntu01', 'zenova operation list --state unfinished'])}\n${EXIT_CODES_TEXT}`,
  );
}
