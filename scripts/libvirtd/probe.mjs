import { once } from 'node:events';
import { connect } from 'node:net';

/** How somebody may prove who he is (`REMOTE_PROC_AUTH_LIST`): what a client asks first, and everybody may. */
const question = [28, 0x20008086, 1, 66, 0, 0, 0];
/** One that hangs does not answer. */
const withinMs = 10_000;

/**
 * @param {string} path
 * @returns {Promise<boolean>} whether a daemon answers at this unix socket. It takes connections before that, while it does not listen
 *   on the network yet
 */
export async function socketAnswers(path) {
  const words = Buffer.alloc(4 * question.length);
  for (const [at, word] of question.entries()) words.writeUInt32BE(word, 4 * at);
  const socket = connect(path);
  try {
    socket.write(words);
    const signal = AbortSignal.timeout(withinMs);
    const end = once(socket, 'close', { signal }).then(() => false);
    return await Promise.race([once(socket, 'data', { signal }).then(() => true), end]);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
