/**
 * What the dynamic section of a program or library of 64 bits tells: the libraries that it takes, and the loader.
 *
 * @param {Buffer} elf
 * @returns {{ libraries: string[], loader: string | undefined }}
 */
export function linkingOf(elf) {
  const read = reader(elf);
  const [programHeadersAt, size, count] = [read.number(0x20), read.half(0x36), read.half(0x38)];
  const segments = Array.from({ length: count }, (_, index) => {
    const at = programHeadersAt + index * size;
    return {
      type: read.word(at),
      from: read.number(at + 8),
      address: read.number(at + 16),
      bytes: read.number(at + 32),
    };
  });
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) return { libraries: [], loader: undefined };

  const tags = Array.from({ length: dynamic.bytes / 16 }, (_, index) => {
    const at = dynamic.from + index * 16;
    return { tag: read.number(at), value: read.number(at + 8) };
  });
  const stringsAddress = tags.find(({ tag }) => tag === DT_STRTAB)?.value ?? 0;
  const holder = segments.find(
    ({ type, address, bytes }) => type === PT_LOAD && address <= stringsAddress && stringsAddress < address + bytes,
  );
  const stringsAt = stringsAddress - (holder?.address ?? 0) + (holder?.from ?? 0);
  return {
    libraries: tags.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => read.text(stringsAt + value)),
    loader: interpreter && read.text(interpreter.from),
  };
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/** @param {Buffer} elf */
function reader(elf) {
  const isLittle = elf[5] === 1;
  return {
    /** @type {(at: number) => number} */
    half: (at) => (isLittle ? elf.readUInt16LE(at) : elf.readUInt16BE(at)),
    /** @type {(at: number) => number} */
    word: (at) => (isLittle ? elf.readUInt32LE(at) : elf.readUInt32BE(at)),
    /** @type {(at: number) => number} */
    number: (at) => Number(isLittle ? elf.readBigUInt64LE(at) : elf.readBigUInt64BE(at)),
    /** @type {(at: number) => string} */
    text: (at) => elf.toString('latin1', at, elf.indexOf(0, at)),
  };
}

/**
 * @param {Buffer} elf a module of the kernel
 * @returns {string[]} the modules that it takes
 */
export function moduleDependencies(elf) {
  const key = 'depends=';
  const at = elf.indexOf(`\0${key}`);
  if (at < 0) return [];
  const from = at + 1 + key.length;
  return elf
    .toString('latin1', from, elf.indexOf(0, from))
    .split(',')
    .filter((name) => name !== '');
}
