import { isDeepStrictEqual } from 'node:util';
import { METHODS, type MethodResult } from '../../../../src/compute/contract/index.js';
import { answered, ensure, hasFields, unchanged } from '../../checks.js';
import type { FeatureScenario } from '../../scenario.js';
import type { MachineRef, PowerSubject } from '../../subject.js';

const METHOD = 'power.probe';

/** What is asked of a power type whose controllers tell of the machines behind them. */
export const chassisScenarios: readonly FeatureScenario<PowerSubject>[] = [
  {
    word: 'lists',
    title: 'lists every machine behind a controller, with what reaches it and its state, and changes nothing',
    async run(subject) {
      const machines = { on: await subject.machine('on'), off: await subject.machine('off') };
      const { controller, names } = await subject.chassisOf(machines.on);
      const found = await unchanged(subject, METHOD, () => probe(subject, controller));
      const listed = found.map(({ name }) => name).toSorted();
      ensure(
        isDeepStrictEqual(listed, names.toSorted()),
        'wrong-answer',
        `${METHOD} has to list ${names.length} machines, each once; it lists ${listed.length}`,
      );
      for (const [state, machine] of Object.entries(machines)) {
        const one = found.find((entry) => isDeepStrictEqual(reaching(controller, entry), machine));
        ensure(
          one !== undefined,
          'wrong-answer',
          `${METHOD} has no machine that is reached as ${JSON.stringify(machine)}`,
        );
        hasFields(one, { state }, METHOD);
        hasFields(await answered(subject, 'power.query', reaching(controller, one)), { state }, 'power.query');
      }
    },
  },
  {
    word: 'name',
    title: 'lists those alone whose names are asked for',
    async run(subject) {
      const { controller, names } = await subject.chassisOf(await subject.machine('on'));
      const [wanted = ''] = names;
      const found = await probe(subject, controller, { name: `${wanted.slice(0, -1)}*` });
      const all = names.filter((name) => name.startsWith(wanted.slice(0, -1)));
      ensure(
        isDeepStrictEqual(found.map(({ name }) => name).toSorted(), all.toSorted()),
        'wrong-answer',
        `${METHOD} has to list the ${all.length} machines of these names; it lists ${found.length}`,
      );
    },
  },
];

type Found = MethodResult<typeof METHOD>['machines'][number];

async function probe(subject: PowerSubject, controller: MachineRef, more: object = {}): Promise<Found[]> {
  const answer = METHODS[METHOD].result.safeParse(await answered(subject, METHOD, { ...controller, ...more }));
  ensure(answer.success, 'wrong-answer', `${METHOD} has to answer as its schema says: ${String(answer.error)}`);
  return answer.data.machines;
}

/** How a machine that was found is named in requests. */
function reaching({ power_type, power_parameters }: MachineRef, found: Found) {
  return { power_type, power_parameters: { ...power_parameters, ...found.power_parameters } };
}
