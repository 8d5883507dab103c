import { Option, type Command } from 'commander';
import type { ZenovaClient } from '../../client/index.js';
import { METHODS, type MethodResult, type OperationView, type PlannedStep } from '../../compute/contract/index.js';
import type { CliParts } from '../cli-parts.js';
import { carryOut, type Carried } from '../deploy/carry-out.js';
import type { Description } from '../deploy/difference.js';
import { planDeployment, type Ask, type DeployPlan } from '../deploy/plan.js';
import { globalOptionsOf, type GlobalOptions } from '../global-options.js';
import { Interrupted, unlessInterrupted } from '../interrupted.js';
import { callService, withClient } from '../invoke.js';
import { examplesText, printResult, takeRequest, usageError } from '../method-commands.js';
import { Progress } from '../progress.js';
import { stepsView } from '../result-views.js';
import { factsOf, renderTable, widthOf } from '../table.js';
import { terminalText } from '../terminal-text.js';
import { whenUsed } from '../when-used.js';

/** The request of `compute.spawn`, without what names one request alone: a deployment is as many as it takes. */
const DescriptionSchema = METHODS['compute.spawn'].params.omit({
  idempotency_key: true,
  requested_at: true,
  wait: true,
});

const AGAIN = '; the same deploy again goes on from there';

interface DeployFlags {
  readonly yes?: boolean;
  readonly keepFirstStart?: boolean;
}

type Changes = Extract<DeployPlan, { kind: 'changes' }>;

/** `instance deploy`: makes an instance of a description, or makes the one that is there what the description says. */
export function addDeployCommand(group: Command, parts: CliParts): void {
  const command = group
    .command('deploy')
    .description(
      'Make an instance of a description, or make the one of that name what it says; again to change nothing.',
    );
  const request = whenUsed(group, command, () => {
    const taken = takeRequest(command, 'compute', DescriptionSchema, parts);
    command
      .addOption(new Option('--yes', 'change an instance that is there without asking'))
      .addOption(
        new Option(
          '--keep-first-start',
          'do the rest, although what is told at its making differs: image, user data, …',
        ),
      );
    return taken;
  });
  command
    .addHelpText(
      'after',
      `\nAn instance that is there is compared with the description; what differs is shown, asked for, and changed.\n${examplesText(
        [
          'zenova instance deploy fake1 --file web01.yaml --plan',
          'zenova instance deploy fake1 --file web01.yaml --name web02',
          'zenova instance deploy cpc1 --file lpar01.yaml --yes',
        ],
      )}`,
    )
    .action(async () => {
      const description = await request().read();
      const globals = globalOptionsOf(command);
      await withClient(globals, parts, (client) => deploy(command, description, globals, parts, client));
    });
}

async function deploy(
  command: Command,
  request: Description,
  globals: GlobalOptions,
  parts: CliParts,
  client: ZenovaClient,
): Promise<void> {
  const { plan: isOnlyPlanned = false, ...description } = request;
  const { yes: isConfirmed = false, keepFirstStart: keepsFirst = false } = command.opts<DeployFlags>();
  const isJson = globals.json === true;
  const ask: Ask = (method, params) => callService(client, method, params, globals, parts, AGAIN);
  const plan = await planned(ask, description, { keepsFirst, waits: !isOnlyPlanned }, parts, client);
  if (plan.kind === 'new') {
    const answer: MethodResult<'compute.spawn'> = isOnlyPlanned
      ? { operation_id: null, outcome: 'planned', steps: [...plan.steps] }
      : await ask('compute.spawn', description);
    return printResult('compute.spawn', answer, isJson, parts);
  }
  for (const note of plan.notes) parts.stderr.write(`note: ${terminalText(note)}\n`);
  if (plan.changes.length === 0) return tell(description, plan, { outcome: 'already' }, isJson, parts);
  const shown = { outcome: 'planned' } as const;
  if (isOnlyPlanned) return tell(description, plan, shown, isJson, parts);
  if (!isConfirmed && parts.ask === undefined) {
    tell(description, plan, shown, isJson, parts);
    usageError(command, `${description.name} is there and would be changed; give --yes here`);
  }
  const table = renderTable(stepsView(stepsOf(plan)), widthOf(parts.stderr));
  parts.stderr.write(table);
  if (!isConfirmed) await confirm(parts);
  const carried = await carryOut(ask, { ...description, ...plan }, parts.stderr);
  tell(description, plan, { outcome: 'done', ...carried }, isJson, parts);
}

/** The plan, once nothing else is under way on the instance. */
async function planned(
  ask: Ask,
  description: Description,
  options: Parameters<typeof planDeployment>[2],
  parts: CliParts,
  client: ZenovaClient,
): Promise<Exclude<DeployPlan, { kind: 'busy' }>> {
  for (;;) {
    const plan = await planDeployment(ask, description, options);
    if (plan.kind !== 'busy') return plan;
    for (const id of plan.operationIds) await waitFor(id, description.name, parts, client);
  }
}

/** However it ends, the next look tells what there is. */
async function waitFor(
  operationId: string,
  name: string,
  { stderr, interrupted }: CliParts,
  client: ZenovaClient,
): Promise<OperationView> {
  stderr.write(`waiting for operation ${operationId}, which is at work on ${terminalText(name)}\n`);
  const progress = new Progress(stderr, operationId);
  try {
    const work = client.watch({ operation_id: operationId }, (operation) => progress.tell(operation), {
      signal: interrupted,
    });
    return await unlessInterrupted(work, interrupted, `interrupted; the operation goes on${AGAIN}`);
  } finally {
    progress.stop();
  }
}

async function confirm({ ask, interrupted }: CliParts): Promise<void> {
  const asked = ask?.('Carry this out? [y/N] ') ?? Promise.resolve('');
  const answer = await unlessInterrupted(asked, interrupted, 'interrupted; nothing was changed');
  if (!/^y(es)?$/i.test(answer.trim())) throw new Interrupted('nothing was changed');
}

function stepsOf({ changes }: Changes): PlannedStep[] {
  return changes.flatMap(({ steps }) => steps);
}

type Ending = { readonly outcome: 'already' | 'planned' } | ({ readonly outcome: 'done' } & Carried);

function tell(
  { host, name }: Description,
  plan: Changes,
  ending: Ending,
  isJson: boolean,
  { stdout }: Pick<CliParts, 'stdout'>,
): void {
  const { info, notes } = plan;
  const { outcome } = ending;
  const steps = stepsOf(plan);
  const { state = {}, operationIds = [] } = outcome === 'done' ? ending : {};
  if (isJson) {
    const answer = {
      host,
      name,
      id: info.id,
      outcome,
      steps,
      notes: [...notes],
      operation_ids: [...operationIds],
      ...state,
    };
    stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const width = widthOf(stdout);
  switch (outcome) {
    case 'already':
      stdout.write(`${terminalText(name)} on ${terminalText(host)} is as the description says; nothing to change\n`);
      return;
    case 'planned':
      stdout.write(renderTable(stepsView(steps), width));
      return;
    case 'done':
      stdout.write(renderTable(factsOf({ outcome, ...state, name, id: info.id }), width));
  }
}
