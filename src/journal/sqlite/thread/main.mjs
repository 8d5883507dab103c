/**
 * The thread that owns the database's file. It is plain JavaScript, checked by tsc like all else, because Node has to load
 * it as it stands, in a thread of its own: from `dist`, where the build puts it beside the compiled rest, and from `src`,
 * where jest would compile TypeScript for its own modules but not for a thread's.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { failureOf } from './failure.mjs';
import { JobQueue } from './job-queue.mjs';
import { openFile } from './open-file.mjs';

/**
 * @import { Answer, Job, Opening, ThreadData } from '../protocol.js'
 * @import { MessagePort } from 'node:worker_threads'
 */

if (parentPort === null) throw new Error('this file is a thread of the service, not a program');
start(parentPort, workerData);

/** @type {(port: MessagePort, data: ThreadData) => void} */
function start(port, { path }) {
  /** @type {(message: Answer[] | Opening) => void} */
  const post = (message) => port.postMessage(message);
  let database;
  try {
    database = openFile(path);
  } catch (error) {
    post({ opened: false, failure: failureOf(error) });
    return;
  }
  const queue = new JobQueue(database, post, () => port.close());
  port.on('message', (/** @type {Job[]} */ jobs) => queue.take(jobs));
  post({ opened: true });
}
