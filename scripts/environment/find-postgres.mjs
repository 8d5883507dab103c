import { postgresAnswer } from '../postgres/probe.mjs';
import { withoutPassword } from './find-broker.mjs';
import { Stop } from './stop.mjs';

/**
 * The PostgreSQL that ZENOVA_POSTGRES_URL names, in which tests may create databases. One that happens to run on this
 * machine is somebody's, and is not looked for.
 *
 * @returns {Promise<string | undefined>} its URL
 * @throws {Stop} when the variable names none that answers
 */
export async function findPostgres() {
  const named = process.env['ZENOVA_POSTGRES_URL'];
  if (!named) return undefined;
  if (!URL.canParse(named) || !/^postgres(ql)?:$/.test(new URL(named).protocol) || new URL(named).hostname === '')
    throw new Stop('ZENOVA_POSTGRES_URL is not a URL of the form postgresql://user:password@host:5432/database.');
  const answer = await postgresAnswer(named);
  if (answer === 'ready') return named;
  const what = {
    nothing: 'Nothing answers',
    starting: 'A PostgreSQL that lets nobody in now answers',
    'something else': 'Something answers, but not PostgreSQL,',
  }[answer];
  throw new Stop(
    `${what} at ${withoutPassword(named)}, which ZENOVA_POSTGRES_URL names. ` +
      'Start that server, correct the variable, or unset it to have a private server started.',
  );
}
