// A TCP connection that can be broken: it stands between a worker and its broker, database or HMC.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * What a pair of sockets does to its bytes. Bytes held back while stalled are dropped when either end hangs up: a
 * request must not arrive at a device long after its sender gave it up, since no client can guard against that.
 */
class Pair {
  constructor(near, far) {
    Object.assign(this, { near, far });
    near.on('data', (bytes) => this.#pass(bytes, far));
    far.on('data', (bytes) => this.#pass(bytes, near));
    near.on('end', () => this.#ended(far));
    far.on('end', () => this.#ended(near));
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
  }

  #held = [];
  #isStalled = false;
  #isMute = false;

  #pass(bytes, to) {
    if (this.#isStalled || (this.#isMute && to === this.near)) this.#held.push(() => to.write(bytes));
    else to.write(bytes);
  }

  #ended(to) {
    if (this.#isStalled) this.cut();
    else to.end();
  }

  stall() {
    this.#isStalled = true;
  }

  /** What the worker sends arrives, and what it is answered does not, until `flow`. */
  mute() {
    this.#isMute = true;
  }

  flow() {
    this.#isStalled = false;
    this.#isMute = false;
    for (const write of this.#held.splice(0)) write();
  }

  /** The way to the worker goes on, the way from it is closed, as after a lost FIN. */
  halfClose() {
    this.far.end();
  }

  cut() {
    this.#held.length = 0;
    this.near.destroy();
    this.far.destroy();
  }
}

export class Link {
  #pairs = new Set();
  #isStalled = false;
  #isMute = false;
  #isDown = false;

  /** @param {string} to host:port at the far end */
  static async to(host, port) {
    const link = new Link();
    link.#server = createServer({ allowHalfOpen: true }, (near) => link.#join(near, host, port));
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    link.port = link.#server.address().port;
    return link;
  }

  #server;

  #join(near, host, port) {
    near.on('error', () => undefined);
    if (this.#isDown) {
      near.destroy();
      return;
    }
    const far = connect({ host, port, allowHalfOpen: true });
    const pair = new Pair(near, far);
    if (this.#isStalled) pair.stall();
    if (this.#isMute) pair.mute();
    this.#pairs.add(pair);
    far.once('close', () => this.#pairs.delete(pair));
  }

  get size() {
    return this.#pairs.size;
  }

  /** @param {(pair: Pair) => boolean} chosen which of the open connections */
  cut(chosen = () => true) {
    return this.#each(chosen, (pair) => pair.cut());
  }

  halfClose(chosen = () => true) {
    return this.#each(chosen, (pair) => pair.halfClose());
  }

  /** Nothing gets through, on connections old and new, until `flow`. */
  stall() {
    this.#isStalled = true;
    for (const pair of this.#pairs) pair.stall();
  }

  /** Answers are held back, on connections old and new, until `flow`. */
  mute() {
    this.#isMute = true;
    for (const pair of this.#pairs) pair.mute();
  }

  flow() {
    this.#isStalled = false;
    this.#isMute = false;
    this.#isDown = false;
    for (const pair of this.#pairs) pair.flow();
  }

  /** Every connection is cut, and new ones are refused, until `flow`. */
  down() {
    this.#isDown = true;
    return this.cut();
  }

  #each(chosen, act) {
    const pairs = [...this.#pairs].filter(chosen);
    for (const pair of pairs) act(pair);
    return pairs.length;
  }

  async close() {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
