import { describe, expect, it } from '@jest/globals';
import { sha512Crypt } from './sha512-crypt.js';

/** Longer than a digest, and with bytes beyond ASCII. */
const LONG = 'Grüße, a rather long password that takes more than sixty-four bytes of room 1234567890';

describe('a password by crypt', () => {
  // The first is one of the scheme's own examples; all are what `openssl passwd -6 -salt …` (OpenSSL 3.0) makes of them.
  it.each([
    [
      'Hello world!',
      'saltstring',
      'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    ['x', 'a./Z', '7y74WVDmLhlM0tHRkDxtn.6NSAdym/WyvgUUuM8rF3qlChfWVOCch6Xt4VFs3u7h2DcK3V0P/kLa.yx52pQGt0'],
    [
      LONG,
      '0123456789abcdef',
      'TpiEbIfohbNork5cwKNIWYn9MNPQbzHzziHfI2uXJftS0AlA32RvnsolJSgBEsHSYd2fnXwtkD01U1TAL8Rln1',
    ],
  ])('is what other programs make of %s', (password, salt, hash) => {
    expect(sha512Crypt(password, salt)).toBe(`$6$${salt}$${hash}`);
  });
});
