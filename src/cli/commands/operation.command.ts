import type { Command } from 'commander';
import { ComputeError } from '../../common/errors/index.js';
import { METHODS, type OperationView } from '../../compute/contract/index.js';
import type { CliParts } from '../cli-parts.js';
import { globalOptionsOf } from '../global-options.js';
import { unlessInterrupted } from '../interrupted.js';
import { withClient } from '../invoke.js';
import { addMethodGroup, examplesText, mistakesText, printResult, usageError } from '../method-commands.js';
import { Progress } from '../progress.js';

/** `operation`: the RPC methods, and `watch`, which follows an operation until it is over. */
export function addOperationCommand(program: Command, parts: CliParts): void {
  const group = addMethodGroup(program, 'operation', parts);
  const watch = group
    .command('watch')
    .description('Follow an operation until it is over; fails when the operation does.')
    .argument('<operation-id>', 'as every changing method answers it')
    .addHelpText('after', examplesText(['zenova operation watch 0192c5a4-…']))
    .action(async (operationId: string) => {
      const asked = METHODS['operation.get'].params.safeParse({ operation_id: operationId });
      if (!asked.success) usageError(watch, mistakesText(asked.error.issues, ['operation_id']));
      const globals = globalOptionsOf(watch);
      const ended = await withClient(globals, parts, async (client) => {
        const progress = new Progress(parts.stderr, operationId, 0);
        try {
          const work = client.watch({ operation_id: operationId }, (operation) => progress.tell(operation), {
            signal: parts.interrupted,
          });
          return await unlessInterrupted(work, parts.interrupted, 'interrupted; the operation goes on');
        } finally {
          progress.stop();
        }
      });
      if (ended.error !== null) throw failureOf(ended);
      printResult('operation.get', ended, globals.json === true, parts);
    });
}

function failureOf({ error, operation_id: operationId }: OperationView): ComputeError {
  if (error === null) throw new Error('the operation has not failed');
  return ComputeError.fromWire(error).within({ operationId });
}
