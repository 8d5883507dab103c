import { XdrError } from './xdr-error.js';
import { XdrReader } from './xdr-reader.js';
import { XdrWriter } from './xdr-writer.js';

/**
 * How a value looks on the wire.
 *
 * @typeParam Out what is read
 * @typeParam In what may be written: `undefined` in it makes a field of a struct optional
 */
export interface Codec<Out, In = Out> {
  /** The fewest bytes that a value takes. */
  readonly minBytes: number;
  write(writer: XdrWriter, value: In): void;
  read(reader: XdrReader): Out;
}

/** What a codec reads. */
export type OutOf<C> = C extends Codec<infer Out, never> ? Out : never;
/** What a codec writes. */
export type InOf<C> = C extends { write(writer: XdrWriter, value: infer In): void } ? In : never;

/** @throws XdrError */
export function encode<Out, In>(codec: Codec<Out, In>, value: In): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.finish();
}

/** Reads a value that takes all of the bytes. @throws XdrError */
export function decode<Out, In>(codec: Codec<Out, In>, bytes: Buffer): Out {
  const reader = new XdrReader(bytes);
  const value = codec.read(reader);
  reader.end();
  return value;
}

export const int: Codec<number> = { minBytes: 4, write: (w, value) => w.int(value), read: (r) => r.int() };
export const uint: Codec<number> = { minBytes: 4, write: (w, value) => w.uint(value), read: (r) => r.uint() };
export const hyper: Codec<bigint> = { minBytes: 8, write: (w, value) => w.hyper(value), read: (r) => r.hyper() };
export const unsignedHyper: Codec<bigint> = {
  minBytes: 8,
  write: (w, value) => w.unsignedHyper(value),
  read: (r) => r.unsignedHyper(),
};
export const double: Codec<number> = { minBytes: 8, write: (w, value) => w.double(value), read: (r) => r.double() };
export const bool: Codec<boolean> = { minBytes: 4, write: (w, value) => w.bool(value), read: (r) => r.bool() };

/** No bytes at all. */
export const nothing: Codec<void> = { minBytes: 0, write: () => undefined, read: () => undefined };

export const string = (maxBytes: number): Codec<string> => ({
  minBytes: 4,
  write: (w, value) => w.string(value, maxBytes),
  read: (r) => r.string(maxBytes),
});

/** What is read is a view of the message, not a copy. */
export const opaque = (maxBytes: number): Codec<Buffer, Uint8Array> => ({
  minBytes: 4,
  write: (w, value) => w.opaque(value, maxBytes),
  read: (r) => r.opaque(maxBytes),
});

/** Zero where nothing is given, as it is for flags. */
export const orZero = (codec: Codec<number>): Codec<number, number | undefined> => ({
  minBytes: codec.minBytes,
  write: (w, value) => codec.write(w, value ?? 0),
  read: (r) => codec.read(r),
});

export const optional = <Out, In>(codec: Codec<Out, In>): Codec<Out | null, In | null | undefined> => ({
  minBytes: 4,
  write: (w, value) => {
    w.bool(value !== null && value !== undefined);
    if (value !== null && value !== undefined) codec.write(w, value);
  },
  read: (r) => (r.bool() ? codec.read(r) : null),
});

export const array = <Out, In>(codec: Codec<Out, In>, max: number): Codec<Out[], readonly In[]> => ({
  minBytes: 4,
  write: (w, values) => {
    w.length(values.length, max);
    for (const value of values) codec.write(w, value);
  },
  read: (r) => {
    const values: Out[] = [];
    for (let left = r.length(max, codec.minBytes); left > 0; left--) values.push(codec.read(r));
    return values;
  },
});

/** An array whose length both sides know. */
export const fixedArray = <Out, In>(codec: Codec<Out, In>, length: number): Codec<Out[], readonly In[]> => ({
  minBytes: length * codec.minBytes,
  write: (w, values) => {
    if (values.length !== length) throw new XdrError(`${values.length} values are given where there are ${length}`);
    for (const value of values) codec.write(w, value);
  },
  read: (r) => Array.from({ length }, () => codec.read(r)),
});

// oxlint-disable-next-line typescript/no-explicit-any -- what a codec reads and writes is inferred from it
type Fields = Readonly<Record<string, Codec<any, any>>>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends InOf<F[K]> ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

/** What a struct of these fields reads. */
export type StructOut<F extends Fields> = { -readonly [K in keyof F]: OutOf<F[K]> };
/** What a struct of these fields writes: what may be undefined may be left out. */
export type StructIn<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: InOf<F[K]> | undefined;
  }
>;

/** Fields one after the other, in the order in which they are given. */
export function struct<const F extends Fields>(fields: F): Codec<StructOut<F>, StructIn<F>> {
  const all = Object.entries(fields);
  return {
    minBytes: all.reduce((sum, [, codec]) => sum + codec.minBytes, 0),
    write: (w, value) => {
      for (const [name, codec] of all) {
        try {
          codec.write(w, (value as Record<string, unknown>)[name]);
        } catch (error) {
          throw error instanceof XdrError ? new XdrError(`${name}: ${error.message}`) : error;
        }
      }
    },
    read: (r) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of all) value[name] = codec.read(r);
      return value as StructOut<F>;
    },
  };
}

/** The same bytes, seen as something else. */
export const mapped = <Out, In, Wire>(
  codec: Codec<Wire>,
  fromWire: (value: Wire) => Out,
  toWire: (value: In) => Wire,
): Codec<Out, In> => ({
  minBytes: codec.minBytes,
  write: (w, value) => codec.write(w, toWire(value)),
  read: (r) => fromWire(codec.read(r)),
});
