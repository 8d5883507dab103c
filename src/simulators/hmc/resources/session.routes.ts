import { refuse } from '../hmc-error.js';
import { mayRead } from '../notifications/notifier.js';
import type { Topic } from '../notifications/topics.js';
import { objectBody, type Route } from '../router.js';

/** hmc-dpm.md sections 3 and 14. */
export const sessionRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/sessions',
    isPublic: true,
    handle: (call, { sessions, level }) => {
      const { userid, password } = objectBody(call);
      if (userid === undefined) throw refuse.fieldMissing('userid');
      if (password === undefined) throw refuse.fieldMissing('password');
      if (typeof userid !== 'string') throw refuse.badValue('userid', 'not a string');
      if (typeof password !== 'string') throw refuse.badValue('password', 'not a string');
      const session = sessions.logOn(userid, password);
      return {
        status: 200,
        body: {
          'api-session': session.id,
          'notification-topic': session.topic,
          'job-notification-topic': session.jobTopic,
          'api-major-version': level.major,
          'api-minor-version': level.minor,
          'password-expires': -1,
          'session-credential': session.credential,
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/sessions/operations/get-notification-topics',
    handle: ({ session }, { topics }) => ({
      status: 200,
      body: {
        topics: topics
          .of(session)
          .filter((topic) => mayRead(session.user, topic.type))
          .map(describe),
      },
    }),
  },
  {
    method: 'DELETE',
    pattern: '/api/sessions/this-session',
    handle: (call, { sessions }) => {
      sessions.drop(call.session);
      return { status: 204 };
    },
  },
];

function describe({ type, name, channel }: Topic): Record<string, unknown> {
  const facts = { 'topic-type': type, 'topic-name': name };
  if (channel === undefined) return facts;
  return { ...facts, 'object-uri': channel.uri, 'include-refresh-messages': channel.includesRefresh };
}
