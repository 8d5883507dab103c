import type { Command } from 'commander';

/** By group: what its commands still lack. */
const completions = new WeakMap<Command, Map<Command, () => void>>();

/**
 * Completes a command of a group (its arguments and options) when somebody uses it or reads a help that shows it: its
 * own, or that of the group. To describe the requests of all methods takes a tenth of a second of processor time, which
 * no call of a single one should pay.
 *
 * @returns what `complete` returned, which is called once
 */
export function whenUsed<T>(group: Command, command: Command, complete: () => T): () => T {
  let completed: { readonly value: T } | undefined;
  const completion = (): T => (completed ??= { value: complete() }).value;
  command.addHelpText('before', sayingNothing(completion));
  const ofGroup = completions.get(group) ?? prepared(group);
  ofGroup.set(command, completion);
  return completion;
}

function prepared(group: Command): Map<Command, () => void> {
  const ofGroup = new Map<Command, () => void>();
  completions.set(group, ofGroup);
  group
    .addHelpText(
      'before',
      sayingNothing(() => ofGroup.forEach((complete) => complete())),
    )
    .hook('preSubcommand', (_, used) => ofGroup.get(used)?.());
  return ofGroup;
}

/** A text of help that says nothing, and is asked for before all others. */
function sayingNothing(act: () => unknown): () => string {
  return () => {
    act();
    return '';
  };
}
