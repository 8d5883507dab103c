import { TypedParameterType } from '../generated/constants.js';
import {
  array,
  type Codec,
  double,
  hyper,
  int,
  type OutOf,
  mapped,
  optional,
  string,
  struct,
  uint,
  orZero,
  unsignedHyper,
} from '../xdr/codec.js';
import { XdrError } from '../xdr/xdr-error.js';
import type { XdrReader } from '../xdr/xdr-reader.js';
import type { XdrWriter } from '../xdr/xdr-writer.js';

/** The longest text, in bytes. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
/** Of most lists: domains, pools, volumes, networks, snapshots. */
export const MAX_LIST = 16_384;
const UUID_BYTES = 16;
const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

export const text = string(MAX_TEXT_BYTES);
export const optionalText = optional(text);

/** Where nothing else is said: none. */
export const flags = orZero(uint);

/** As text with hyphens, in lower case. */
export const uuid: Codec<string> = {
  minBytes: UUID_BYTES,
  write: (w, value) => {
    if (!UUID.test(value)) throw new XdrError('it is no UUID');
    w.fixedOpaque(Buffer.from(value.replaceAll('-', ''), 'hex'), UUID_BYTES);
  },
  read: (r) => {
    const digits = r.fixedOpaque(UUID_BYTES).toString('hex');
    const [a, b, c, d] = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20)];
    return `${a}-${b}-${c}-${d}-${digits.slice(20)}`;
  },
};

/** A number that says yes or no. */
export const flag: Codec<boolean> = mapped(
  int,
  (value) => value !== 0,
  (value) => (value ? 1 : 0),
);

/** Of a list, which may also only be counted: true when not given. */
export const needResults: Codec<boolean, boolean | undefined> = mapped(
  int,
  (value) => value !== 0,
  (value) => (value === false ? 0 : 1),
);

/** A domain as calls name it. Daemons look it up by its UUID: it stays good when the domain starts and stops. */
export const domain = struct({ name: text, uuid, id: int });
export type DomainRef = OutOf<typeof domain>;

export const storagePool = struct({ name: text, uuid });
export type StoragePoolRef = OutOf<typeof storagePool>;

export const storageVolume = struct({ pool: text, name: text, key: text });
export type StorageVolumeRef = OutOf<typeof storageVolume>;

export const network = struct({ name: text, uuid });
export type NetworkRef = OutOf<typeof network>;

/** A network device of the host, as libvirt's driver of interfaces has it. */
export const hostInterface = struct({ name: text, mac: text });
export type HostInterfaceRef = OutOf<typeof hostInterface>;

export const networkFilter = struct({ name: text, uuid });
export type NetworkFilterRef = OutOf<typeof networkFilter>;

export const secret = struct({ uuid, usageType: int, usageId: text });
export type SecretRef = OutOf<typeof secret>;

export const snapshot = struct({ name: text, domain });
export type SnapshotRef = OutOf<typeof snapshot>;

/** A value with its name and its type. 64-bit numbers are bigint. */
export type TypedParameter = { readonly field: string } & (
  | { readonly type: 'int' | 'uint' | 'double'; readonly value: number }
  | { readonly type: 'llong' | 'ullong'; readonly value: bigint }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
);

const T = TypedParameterType;

/** A field name, a type, and a value of that type. */
export const typedParameter: Codec<TypedParameter> = {
  minBytes: 12,
  write: (w, parameter) => {
    text.write(w, parameter.field);
    writeValue(w, parameter);
  },
  read: (r) => readValue(r, text.read(r)),
};

function writeValue(w: XdrWriter, { type, value }: TypedParameter): void {
  switch (type) {
    case 'int':
      w.int(T.VIR_TYPED_PARAM_INT);
      return int.write(w, value);
    case 'uint':
      w.int(T.VIR_TYPED_PARAM_UINT);
      return uint.write(w, value);
    case 'llong':
      w.int(T.VIR_TYPED_PARAM_LLONG);
      return hyper.write(w, value);
    case 'ullong':
      w.int(T.VIR_TYPED_PARAM_ULLONG);
      return unsignedHyper.write(w, value);
    case 'double':
      w.int(T.VIR_TYPED_PARAM_DOUBLE);
      return double.write(w, value);
    case 'boolean':
      w.int(T.VIR_TYPED_PARAM_BOOLEAN);
      return flag.write(w, value);
    case 'string':
      w.int(T.VIR_TYPED_PARAM_STRING);
      return text.write(w, value);
  }
}

function readValue(r: XdrReader, field: string): TypedParameter {
  const type = r.int();
  switch (type) {
    case T.VIR_TYPED_PARAM_INT:
      return { field, type: 'int', value: r.int() };
    case T.VIR_TYPED_PARAM_UINT:
      return { field, type: 'uint', value: r.uint() };
    case T.VIR_TYPED_PARAM_LLONG:
      return { field, type: 'llong', value: r.hyper() };
    case T.VIR_TYPED_PARAM_ULLONG:
      return { field, type: 'ullong', value: r.unsignedHyper() };
    case T.VIR_TYPED_PARAM_DOUBLE:
      return { field, type: 'double', value: r.double() };
    case T.VIR_TYPED_PARAM_BOOLEAN:
      return { field, type: 'boolean', value: flag.read(r) };
    case T.VIR_TYPED_PARAM_STRING:
      return { field, type: 'string', value: text.read(r) };
    default:
      throw new XdrError(`${type} is no type of a typed parameter`);
  }
}

export const typedParameters = (max: number): Codec<TypedParameter[], readonly TypedParameter[]> =>
  array(typedParameter, max);

/** The values of typed parameters by their names. */
export function valuesOf(parameters: readonly TypedParameter[]): ReadonlyMap<string, TypedParameter['value']> {
  return new Map(parameters.map(({ field, value }) => [field, value]));
}
