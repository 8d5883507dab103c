import { groupsOf, titlesOf, type Driver, type Feature } from '../matrix-parts.js';
import { LEVELS, PROOFS, SCENARIO_KINDS, differenceText, proofOf, shownLevel } from '../words.js';
import { demandsLines } from './demands.js';
import { blocks, code, md, table } from './text.js';

/** One driver in Markdown: each feature with its level, its limits or reason, and its evidence in full. */
export function driverMarkdown(answer: Driver, catalogue: readonly Feature[]): string {
  const { driver, title, kind, evaluation, available } = answer;
  const titleOf = titlesOf(catalogue);
  const gone = Object.entries(available?.features ?? {}).filter(([, { available }]) => !available);
  return blocks([
    `# ${code(driver)}: ${md(title)}`,
    demandsLines(evaluation, titleOf),
    ...(available === undefined
      ? []
      : [
          `## Now, on ${md(available.host)}`,
          available.reachable
            ? `${md(available.backend ?? 'The host')} answered at ${available.observed_at}.`
            : `It cannot be asked: ${md(`${available.error?.code} ${available.error?.message}`)}`,
          gone.map(([key, { reason }]) => `- ${md(titleOf(key))} is not available: ${md(reason ?? '')}`).join('\n'),
        ]),
    ...groupsOf(catalogue, kind).flatMap(({ title, features }) => [
      `## ${title}`,
      ...features.flatMap((feature) => featureBlocks(feature, answer)),
    ]),
  ]);
}

function featureBlocks({ key, title }: Feature, { features }: Driver): (string | false)[] {
  const cell = features[key];
  if (cell === undefined) return [];
  const level = shownLevel(cell);
  const difference = differenceText(cell);
  return [
    `### ${md(title)} ${code(key)}`,
    `${LEVELS[level].sign} **${level}**, ${PROOFS[proofOf(cell)].text}${difference === null ? '' : `; ${difference}`}${cell.notes === null ? '.' : `: ${md(cell.notes)}`}`,
    cell.scenarios.length > 0 &&
      table(
        ['test', 'shows that', 'result', 'on'],
        cell.scenarios.map(({ id, title, kind, result, backend, grade }) => [
          `${md(title)} ${code(id)}`,
          SCENARIO_KINDS[kind],
          result,
          `${md(backend)} (${grade})`,
        ]),
      ),
  ];
}
