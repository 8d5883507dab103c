import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { buffer } from 'node:stream/consumers';
import { eventually } from '../../../test/support/eventually.js';
import { rejectionOf } from '../../../test/support/failure-of.js';
import { programs } from '../src/generated/procedures.js';
import {
  AuthenticationError,
  Connection,
  connectGetHostname,
  ConnectionLostError,
  connectListAllDomains,
  type DomainRef,
  domainScreenshot,
  LibvirtError,
  lifecycleEvent,
  ProtocolError,
  unixTransport,
} from '../src/index.js';
import { frame, type Message, MessageStatus, MessageType } from '../src/rpc/message.js';
import { encode } from '../src/xdr/codec.js';
import { domain as domainLayout } from '../src/layouts/common.js';
import { answering, type Answering, type FakeDaemon, reply, startFakeDaemon, writeError } from './fake-daemon.js';

const P = programs.remote.procedures;
const domain: DomainRef = { name: 'guest', uuid: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0', id: 1 };

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await startFakeDaemon();
});
afterEach(() => daemon.stop());

const connected = (): Promise<Connection> =>
  Connection.open({ transport: unixTransport(daemon.socketPath), uri: 'qemu:///system', openTimeoutMs: 30_000 });

/** The outcome of one call to a daemon that answers it so. */
async function outcomeOf(answer: Answering): Promise<{ connection: Connection; error: unknown }> {
  daemon.answers.set(P.connect_get_hostname, answer);
  const connection = await connected();
  const error: unknown = await connection.call(connectGetHostname).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { connection, error };
}

const lifecycle = (callbackId: number): Buffer =>
  frame(
    {
      program: programs.remote.number,
      version: 1,
      procedure: lifecycleEvent.procedure,
      type: MessageType.MESSAGE,
      serial: 1,
      status: 0,
    },
    (w) => {
      w.int(callbackId);
      w.raw(encode(domainLayout, domain));
      w.int(5);
      w.int(1);
    },
  );

describe('a daemon that does not keep to the protocol', () => {
  it.each<[string, Answering]>([
    ['answers a call that was not made', (m, s) => s.write(reply(m, () => undefined, { serial: m.serial + 7 }))],
    ['answers another procedure', (m, s) => s.write(reply(m, () => undefined, { procedure: P.connect_open }))],
    ['answers for another program', (m, s) => s.write(reply(m, () => undefined, { program: programs.qemu.number }))],
    ['calls us', (m, s) => s.write(reply(m, () => undefined, { type: MessageType.CALL }))],
    ['sends data of no stream', (m, s) => s.write(reply(m, () => undefined, { type: MessageType.STREAM }))],
    ['speaks another protocol', (_, s) => s.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['announces a message without end', (_, s) => s.write(Buffer.from('ffffffff', 'hex'))],
    ['refuses without a whole error', (m, s) => s.write(reply(m, (w) => w.int(1), { status: MessageStatus.ERROR }))],
  ])('that %s, is left', async (_, answer) => {
    const { connection, error } = await outcomeOf(answer);
    expect(error).toBeInstanceOf(ProtocolError);
    expect(connection.isOpen).toBe(false);
    expect(await connection.closed).toBe(error);
  });

  it.each<[string, Answering]>([
    ['too short', answering(() => undefined)],
    ['too long', answering((w) => [0, 0].forEach((value) => w.int(value)))],
    ['a text longer than the message', answering((w) => w.uint(4_000_000))],
  ])('has one call fail for an answer that is %s, and no other', async (_, answer) => {
    const { connection, error } = await outcomeOf(answer);
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toContain('connect_get_hostname');
    daemon.answers.set(
      P.connect_get_hostname,
      answering((w) => w.string('host', 9)),
    );
    expect(await connection.call(connectGetHostname)).toEqual({ hostname: 'host' });
    await connection.close();
  });

  it('gives a list no more memory than its message has bytes for', async () => {
    daemon.answers.set(
      P.connect_list_all_domains,
      answering((w) => w.uint(16_384)),
    );
    const connection = await connected();
    const error = await rejectionOf(connection.call(connectListAllDomains, {}), ProtocolError);
    expect(error.message).toContain('beyond the 0 bytes that are left');
    await connection.close();
  });

  it('goes in the middle of a message', async () => {
    const { error } = await outcomeOf((m, s) => s.end(reply(m, (w) => w.string('host', 9)).subarray(0, 30)));
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(error).toMatchObject({ wasSent: true });
  });

  it('sends anything at all: calls end, and nothing is thrown where nobody catches it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), async (bytes, isFramed) => {
        const { error, connection } = await outcomeOf((m, s) => {
          s.end(isFramed ? frame({ ...m, type: MessageType.REPLY }, (w) => w.raw(bytes)) : bytes);
        });
        const isExpected =
          error === undefined || error instanceof ProtocolError || error instanceof ConnectionLostError;
        expect([isExpected, error]).toEqual([true, error]);
        await connection.closed;
      }),
      { numRuns: 200 },
    );
  });
});

describe('a daemon that keeps to the protocol', () => {
  it('may ask for a user: by SASL, which is refused with what to do', async () => {
    daemon.answers.set(
      P.auth_list,
      answering((w) => [1, 1].forEach((value) => w.int(value))),
    );
    expect((await rejectionOf(connected(), AuthenticationError)).message).toContain('auth_unix_rw');
    expect(daemon.received).toEqual(['20008086/66']);
  });

  it.each([
    [1, true],
    [0, false],
  ])('may ask polkit, whose answer %i is taken', async (complete, isLetIn) => {
    daemon.answers.set(
      P.auth_list,
      answering((w) => [1, 2].forEach((value) => w.int(value))),
    );
    daemon.answers.set(
      P.auth_polkit,
      answering((w) => w.int(complete)),
    );
    if (isLetIn) await (await connected()).close();
    else expect((await rejectionOf(connected(), AuthenticationError)).message).toContain('polkit');
    expect(daemon.received.slice(0, 2)).toEqual(['20008086/66', '20008086/70']);
  });

  it('may refuse the driver', async () => {
    daemon.answers.set(P.connect_open, (m, s) =>
      s.write(reply(m, writeError(5, 'no connection driver available'), { status: MessageStatus.ERROR })),
    );
    expect(await rejectionOf(connected(), LibvirtError)).toMatchObject({ codeName: 'NO_CONNECT', domainName: 'QEMU' });
  });

  it('may take for ever to open', async () => {
    daemon.answers.delete(P.connect_open);
    const opening = Connection.open({ transport: unixTransport(daemon.socketPath), openTimeoutMs: 50 });
    expect((await rejectionOf(opening, ConnectionLostError)).message).toBe(
      'the daemon did not open the connection in time',
    );
  });

  it('may ask whether we are there, and is answered', async () => {
    const { number, version, procedures } = programs.keepalive;
    const ping = {
      program: number,
      version,
      procedure: procedures.ping,
      type: MessageType.MESSAGE,
      serial: 0,
      status: 0,
    };
    const { connection, error } = await outcomeOf((m, s) => {
      s.write(frame(ping, () => undefined));
      s.write(reply(m, (w) => w.string('host', 9)));
    });
    expect(error).toBeUndefined();
    await eventually(() => daemon.received.includes('6b656570/2'), 'a pong');
    await connection.close();
  });

  it('may tell of an event before it says for whom it is', async () => {
    daemon.answers.set(P.connect_domain_event_callback_register_any, (m, s) => {
      s.write(Buffer.concat([lifecycle(4), lifecycle(3), reply(m, (w) => w.int(3)), lifecycle(3), lifecycle(4)]));
    });
    daemon.answers.set(
      P.connect_domain_event_callback_deregister_any,
      answering(() => undefined),
    );
    const connection = await connected();
    const events: number[] = [];
    const stop = await connection.listen(lifecycleEvent, ({ callbackId }) => events.push(callbackId));
    await eventually(() => events.length === 2, 'both events');
    await stop();
    expect(events).toEqual([3, 3]);
    await connection.close();
  });

  const stream = (
    to: Message,
    status: number,
    write: (w: Parameters<Parameters<typeof frame>[1]>[0]) => void,
  ): Buffer => frame({ ...to, type: MessageType.STREAM, status }, write);

  it('may send the data of a stream together with the answer', async () => {
    daemon.answers.set(P.domain_screenshot, (m, s) => {
      if (m.type === MessageType.STREAM) s.write(stream(m, MessageStatus.OK, () => undefined));
      else
        s.write(
          Buffer.concat([
            reply(m, (w) => w.int(0)),
            stream(m, MessageStatus.CONTINUE, (w) => w.raw(Buffer.from('picture'))),
            stream(m, MessageStatus.CONTINUE, () => undefined),
          ]),
        );
    });
    const connection = await connected();
    const { reply: answer, stream: picture } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    expect(answer).toEqual({ mimeType: null });
    expect((await buffer(picture)).toString()).toBe('picture');
    await eventually(() => connection.openStreams === 0, 'the stream to be over');
    await connection.close();
  });

  it('cannot be heard while nobody reads what it sends in a stream, and is not taken for gone', async () => {
    const { number, procedures } = programs.keepalive;
    const isPing = (each: string): boolean => each === `${number.toString(16)}/${procedures.ping}`;
    daemon.answers.set(
      P.connect_supports_feature,
      answering((w) => w.int(1)),
    );
    daemon.answers.set(P.domain_screenshot, (m, s) => {
      const part = stream(m, MessageStatus.CONTINUE, (w) => w.raw(Buffer.alloc(65_536, 'x')));
      s.write(Buffer.concat([reply(m, (w) => w.int(0)), ...Array.from({ length: 4 }, () => part)]));
    });
    const keepalive = { intervalMs: 50, count: 2 };
    const connection = await Connection.open({ transport: unixTransport(daemon.socketPath), keepalive });
    const { stream: picture } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    await eventually(() => picture.readableLength >= picture.readableHighWaterMark, 'more data than anybody reads');
    const before = daemon.received.filter(isPing).length;
    await eventually(() => daemon.received.filter(isPing).length > before + 2 * keepalive.count, 'to be asked often');
    expect(connection.isOpen).toBe(true);
    picture.destroy();
    await connection.close();
  });

  it('may send the data of a stream before the answer, though not without end', async () => {
    const data = (m: Message, count: number): Buffer[] =>
      Array.from({ length: count }, () => stream(m, MessageStatus.CONTINUE, (w) => w.raw(Buffer.alloc(4096, 'x'))));
    daemon.answers.set(P.domain_screenshot, (m, s) => {
      if (m.type === MessageType.STREAM) return s.write(stream(m, MessageStatus.OK, () => undefined));
      return s.write(
        Buffer.concat([...data(m, 64), reply(m, (w) => w.int(0)), stream(m, MessageStatus.CONTINUE, () => undefined)]),
      );
    });
    const connection = await connected();
    const { stream: picture } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    expect((await buffer(picture)).equals(Buffer.alloc(64 * 4096, 'x'))).toBe(true);

    daemon.answers.set(P.domain_screenshot, (m, s) => s.write(Buffer.concat(data(m, 65))));
    const error = await rejectionOf(connection.openStream(domainScreenshot, { domain, screen: 0 }), ProtocolError);
    expect(error.message).toContain('which is not open');
    expect(connection.isOpen).toBe(false);
  });

  it('may let a stream fail at once, which whoever reads it meets', async () => {
    daemon.answers.set(P.domain_screenshot, (m, s) => {
      s.write(Buffer.concat([reply(m, (w) => w.int(0)), stream(m, MessageStatus.ERROR, writeError(9, 'no picture'))]));
    });
    const connection = await connected();
    const { stream: picture } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    await expect(buffer(picture)).rejects.toMatchObject({ name: 'LibvirtError', message: 'no picture' });
    expect(connection.openStreams).toBe(0);
    expect(connection.isOpen).toBe(true);
    await connection.close();
  });

  it('may be gone while data flow, which whoever reads them meets', async () => {
    daemon.answers.set(P.domain_screenshot, (m, s) => s.end(reply(m, (w) => w.int(0))));
    const connection = await connected();
    const { stream: picture } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    await expect(buffer(picture)).rejects.toBeInstanceOf(ConnectionLostError);
  });
});
