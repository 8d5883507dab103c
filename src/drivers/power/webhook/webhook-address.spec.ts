import { describe, expect, it } from '@jest/globals';
import { WebhookAddressSchema, secretValues, shown, withOtherSlash } from './webhook-address.js';

describe('an address', () => {
  it.each([
    ['http://Host/a', 'http://host/a'],
    ['https://u:p@host:443/a?id=3#part', 'https://host/a?id=3'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
    ['http://h/a?token=x&api_key=y&id=z', 'http://h/a?token=[redacted]&api_key=[redacted]&id=z'],
    [`http://h/a?x=${'y'.repeat(41)}`, 'http://h/a?x=[redacted]'],
  ])('%s is shown as %s', (text, expected) => {
    expect(shown(WebhookAddressSchema.parse(text).url)).toBe(expected);
  });

  it('keeps its user apart', () => {
    const { url, login } = WebhookAddressSchema.parse('http://us%40er:pa%3Ass@h/');
    expect(login?.user).toBe('us@er');
    expect(login?.password.reveal()).toBe('pa:ss');
    expect(url.href).toBe('http://h/');
  });

  it('has one other slash, before its query', () => {
    const other = (text: string): string | undefined => withOtherSlash(new URL(text))?.href;
    expect(other('http://h/a?b')).toBe('http://h/a/?b');
    expect(other('http://h/a/?b')).toBe('http://h/a?b');
    expect(other('http://h/')).toBeUndefined();
  });

  it('tells which of its values are not to be shown', () => {
    expect(secretValues(new URL('http://h/?id=1&secret=2'))).toEqual(['2']);
  });

  it.each(['', 'h/a', 'ftp://h', 'http://', 'http://u:canary%zz@h', 'x'.repeat(3000)])('%j is none', (text) => {
    const { error } = WebhookAddressSchema.safeParse(text);
    expect(error).toBeDefined();
    expect(String(error)).not.toContain('canary');
  });
});
