import { ensure, refused } from '../../checks.js';
import type { FeatureScenario } from '../../scenario.js';
import type { ControllerFailure, PowerSubject } from '../../subject.js';

export const errorReportingScenarios: readonly FeatureScenario<PowerSubject>[] = [
  {
    word: 'command',
    title: 'hands on what the controller says when it refuses a command, under the code for it',
    async run(subject) {
      await isReported(subject, await subject.refused());
    },
  },
  {
    word: 'credentials',
    title: 'tells refused credentials from every other failure, and never repeats them',
    async run(subject) {
      const failure = await subject.unauthorised();
      const error = await isReported(subject, failure);
      const secrets = Object.entries(failure.machine.power_parameters).flatMap(([name, value]) =>
        /pass|token/.test(name) ? [value] : [],
      );
      const told = JSON.stringify(error.toWire());
      ensure(!secrets.some((secret) => told.includes(secret)), 'wrong-answer', 'the error holds the secret');
    },
  },
];

async function isReported(subject: PowerSubject, { machine, code, says }: ControllerFailure) {
  const error = await refused(subject, 'power.on', machine, code);
  const told = `${error.message} ${JSON.stringify(error.native ?? {})}`;
  ensure(told.includes(says), 'wrong-answer', `the controller said "${says}"; the caller is told: ${told}`);
  ensure(error.native !== undefined, 'wrong-answer', `${code} has no native part`);
  return error;
}
