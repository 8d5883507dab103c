import { programs } from '../generated/procedures.js';
import type { Codec } from '../xdr/codec.js';

type Programs = typeof programs;
export type ProgramName = keyof Programs;
export type ProcedureName<P extends ProgramName> = keyof Programs[P]['procedures'] & string;

/** One procedure of the daemon: what it takes, and what it answers. */
export interface Call<Args, Reply> {
  /** libvirt's own, as `domain_get_state`. */
  readonly name: string;
  readonly program: { readonly number: number; readonly version: number };
  readonly procedure: number;
  readonly args: Codec<unknown, Args>;
  readonly reply: Codec<Reply, never>;
}

/** A call after which data flow with the same serial. */
export interface StreamCall<Args, Reply> extends Call<Args, Reply> {
  readonly opensStream: true;
}

/** What the daemon sends by itself once it was asked to. */
export interface EventLayout<Event extends { readonly callbackId: number }> {
  readonly name: string;
  readonly program: number;
  /** That its messages carry. */
  readonly procedure: number;
  /** By which it is asked for, one of `DomainEventID`. */
  readonly eventId: number;
  readonly payload: Codec<Event, never>;
}

/** A call of the program that all hypervisors share. */
export const remoteCall = <Args, Reply>(
  name: ProcedureName<'remote'>,
  args: Codec<unknown, Args>,
  reply: Codec<Reply, never>,
): Call<Args, Reply> => callOf('remote', name, args, reply);

/** A call that only QEMU's driver knows. */
export const qemuCall = <Args, Reply>(
  name: ProcedureName<'qemu'>,
  args: Codec<unknown, Args>,
  reply: Codec<Reply, never>,
): Call<Args, Reply> => callOf('qemu', name, args, reply);

export const streamCall = <Args, Reply>(
  name: ProcedureName<'remote'>,
  args: Codec<unknown, Args>,
  reply: Codec<Reply, never>,
): StreamCall<Args, Reply> => ({ ...remoteCall(name, args, reply), opensStream: true });

/** An event about domains. */
export const domainEvent = <Event extends { readonly callbackId: number }>(
  name: ProcedureName<'remote'>,
  eventId: number,
  payload: Codec<Event, never>,
): EventLayout<Event> => {
  const { number, procedures } = programs.remote;
  return { name, program: number, procedure: procedures[name], eventId, payload };
};

function callOf<P extends ProgramName, Args, Reply>(
  program: P,
  name: ProcedureName<P>,
  args: Codec<unknown, Args>,
  reply: Codec<Reply, never>,
): Call<Args, Reply> {
  const { number, version } = programs[program];
  const procedures: Readonly<Record<string, number>> = programs[program].procedures;
  const procedure = procedures[name];
  if (procedure === undefined) throw new TypeError(`${program} has no procedure ${name}`);
  return { name, program: { number, version }, procedure, args, reply };
}
