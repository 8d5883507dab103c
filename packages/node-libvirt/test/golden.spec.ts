import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { LibvirtError } from '../src/errors/libvirt-error.js';
import * as libvirt from '../src/index.js';
import { remoteError } from '../src/layouts/remote-error.js';
import { type Message, MessageStatus, MessageType, parsed } from '../src/rpc/message.js';
import { type Codec, decode, encode } from '../src/xdr/codec.js';
import { calls } from './golden/expected-calls.js';
import { events } from './golden/expected-events.js';
import { storageCalls } from './golden/expected-storage-calls.js';
import type { Heard, Made } from './golden/expected.js';

interface Exchange {
  readonly call: string;
  readonly reply: string;
  readonly stream?: readonly (readonly ['client' | 'daemon', string])[];
}

/** Written by scripts/record.mjs: what libvirt's own client and a real daemon said to each other. */
const recording = JSON.parse(readFileSync(new URL('./golden/frames.json', import.meta.url), 'utf8')) as {
  readonly calls: Readonly<Record<string, Exchange>>;
  readonly events: Readonly<Record<string, string>>;
};

const all: readonly Made[] = [...calls, ...storageCalls];
const layouts: readonly (Made['call'] | Heard['layout'])[] = Object.values(libvirt).flatMap((exported) =>
  typeof exported === 'object' && 'procedure' in exported ? [exported as Made['call'] | Heard['layout']] : [],
);

/** That nothing was recorded of, and why. */
const unrecorded: Readonly<Record<string, string>> = {
  auth_polkit: 'a daemon of root asks root for nothing, and polkit takes a system bus',
  domain_event_callback_device_removal_failed:
    'it takes a guest with an operating system, which events.spec.ts has; laid out as device_removed',
};

const messageOf = (hex: string | undefined): Message => parsed(Buffer.from(hex ?? '', 'hex'));

/** Reads a value, and holds that the same bytes come of it. */
function there(codec: Codec<unknown, never>, bytes: Buffer): unknown {
  const value = decode(codec, bytes);
  expect(encode(codec as Codec<unknown>, value).toString('hex')).toBe(bytes.toString('hex'));
  return value;
}

describe('the recording', () => {
  it('has every layout, apart from those with a reason', () => {
    const recorded = [...Object.keys(recording.calls), ...Object.keys(recording.events)];
    expect(layouts.map(({ name }) => name).sort()).toEqual([...recorded, ...Object.keys(unrecorded)].sort());
    expect(all.map(({ call }) => call.name).sort()).toEqual(Object.keys(recording.calls));
    expect(events.map(({ layout }) => layout.name).sort()).toEqual(Object.keys(recording.events));
  });

  it.each(all.map((made) => [made.call.name, made] as const))('of %s is read and written alike', (name, made) => {
    const exchange = recording.calls[name];
    const [asked, answered] = [messageOf(exchange?.call), messageOf(exchange?.reply)];
    const { program, procedure } = made.call;
    expect(asked).toMatchObject({
      program: program.number,
      version: program.version,
      procedure,
      type: MessageType.CALL,
    });
    expect(answered).toMatchObject({
      program: program.number,
      procedure,
      type: MessageType.REPLY,
      serial: asked.serial,
    });
    expect(there(made.call.args, asked.payload)).toEqual(made.args);
    if (made.refused === undefined) {
      expect(answered.status).toBe(MessageStatus.OK);
      expect(there(made.call.reply, answered.payload)).toEqual(made.reply);
    } else {
      expect(answered.status).toBe(MessageStatus.ERROR);
      there(remoteError, answered.payload);
      expect(new LibvirtError(decode(remoteError, answered.payload)).codeName).toBe(made.refused);
    }
  });

  it.each(events.map((heard) => [heard.layout.name, heard] as const))('of %s is read', (name, { layout, event }) => {
    const message = messageOf(recording.events[name]);
    expect(message).toMatchObject({
      program: layout.program,
      procedure: layout.procedure,
      type: MessageType.MESSAGE,
    });
    expect(there(layout.payload, message.payload)).toEqual(event);
  });

  it.each([
    ['storage_vol_upload', ['client continue twenty bytes go up!!', 'client ok ', 'daemon ok ']],
    ['storage_vol_download', ['daemon continue twenty bytes go up!!', 'daemon continue ', 'client ok ', 'daemon ok ']],
    ['domain_open_console', ['client continue typed', 'client error ', 'daemon ok ']],
  ])('of %s shows how data flow', (name, expected) => {
    const exchange = recording.calls[name];
    const { serial, procedure } = messageOf(exchange?.call);
    const shown = (exchange?.stream ?? []).map(([from, hex]) => {
      const message = messageOf(hex);
      expect(message).toMatchObject({ type: MessageType.STREAM, serial, procedure });
      return `${from} ${['ok', 'error', 'continue'][message.status]} ${message.payload.toString()}`;
    });
    expect(shown).toEqual(expected);
  });
});
