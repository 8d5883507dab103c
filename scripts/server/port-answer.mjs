/**
 * Connects, sends the first message of a protocol, and judges what comes back.
 *
 * @template {string} Answer
 * @param {import('node:net').Socket} socket that connects
 * @param {object} protocol
 * @param {'connect' | 'secureConnect'} [protocol.openedBy] the event from which on it can be written to
 * @param {Buffer} protocol.hello
 * @param {(received: Buffer) => Answer | undefined} protocol.judge is given all that has come; undefined when it needs more
 * @param {number} withinMs
 * @returns {Promise<Answer | 'something else' | 'nothing'>} "something else" is an open port with another protocol
 */
export function portAnswer(socket, { openedBy = 'connect', hello, judge }, withinMs) {
  return new Promise((resolve) => {
    let isOpen = false;
    let received = Buffer.alloc(0);
    /** @param {Answer | 'something else' | 'nothing'} answer */
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    const giveUp = () => finish(isOpen ? 'something else' : 'nothing');

    socket.setTimeout(withinMs, giveUp);
    socket.once(openedBy, () => {
      isOpen = true;
      socket.write(hello);
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = judge(received);
      if (answer !== undefined) finish(answer);
    });
    socket.once('end', giveUp);
    socket.once('error', giveUp);
  });
}

/**
 * @param {URL} url
 * @param {number} defaultPort
 * @returns {{ host: string, port: number }} as `connect` wants it
 */
export function portOf({ hostname, port }, defaultPort) {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || defaultPort) };
}
