import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * @param {string} path
 * @returns {Promise<boolean>} whether somebody takes connections at this unix socket
 */
export async function socketAnswers(path) {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
