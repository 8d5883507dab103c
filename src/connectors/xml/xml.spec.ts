import { describe, expect, it, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  XmlFailure,
  attributeOf,
  childAt,
  childrenOf,
  element,
  isXmlText,
  parseXml,
  required,
  serialiseXml,
  textOf,
  wholeNumber,
  type XmlElement,
  type XmlFailureKind,
} from './index.js';

function failureOf(work: () => unknown): XmlFailure | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof XmlFailure) return error;
    throw error;
  }
}

describe('reading', () => {
  test.each<[string, string, XmlFailureKind]>([
    ['nothing', '', 'malformed'],
    ['no XML', 'error: failed', 'malformed'],
    ['JSON', '{"a":1}', 'malformed'],
    ['what was cut off in a tag', '<domain><name', 'malformed'],
    ['what was cut off between tags', '<domain><name>a</name>', 'malformed'],
    ['tags that do not match', '<a><b></a></b>', 'malformed'],
    ['a page of HTML', '<html><body><p>x<br></body></html>', 'malformed'],
    ['two roots', '<a/><b/>', 'malformed'],
    ['text behind the root', '<a/>x', 'malformed'],
    ['an attribute without quotes', '<a b=1/>', 'malformed'],
    ['an attribute without a value', '<a b/>', 'malformed'],
    ['an attribute that is there twice', '<a b="1" b="2"/>', 'malformed'],
    ['an entity that XML does not have', '<a>&nbsp;</a>', 'malformed'],
    ['a prefix that stands for nothing', '<b:a/>', 'malformed'],
    ['a document type', '<!DOCTYPE a><a/>', 'doctype'],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'doctype'],
    ['entities that grow', '<!doctype a [<!ENTITY b "&c;&c;">]><a>&b;</a>', 'doctype'],
    ['a control character', '<a>\u0001</a>', 'bad-character'],
    ['a control character by reference', '<a>&#1;</a>', 'bad-character'],
    ['a NUL by reference, in an attribute', '<a b="&#0;"/>', 'bad-character'],
    ['half a character by reference', '<a>&#xD800;</a>', 'bad-character'],
    ['a character beyond Unicode', '<a>&#x110000;</a>', 'bad-character'],
    ['a text beyond the limit', `<a>${'x'.repeat(1 << 20)}</a>`, 'too-large'],
    ['elements beyond the limit', `${'<a>'.repeat(101)}${'</a>'.repeat(101)}`, 'too-deep'],
  ])('refuses %s', (_what, source, kind) => {
    expect(failureOf(() => parseXml(source))?.kind).toBe(kind);
  });

  it('takes what lies just within the limits', () => {
    expect(parseXml(`${'<a>'.repeat(100)}${'</a>'.repeat(100)}`).name).toBe('a');
    expect(parseXml('<a/>', { maxLength: 4, maxDepth: 1 }).name).toBe('a');
    expect(failureOf(() => parseXml('<a/>', { maxLength: 3 }))?.kind).toBe('too-large');
  });

  it('repeats nothing of what it refuses', () => {
    expect(failureOf(() => parseXml('<a passwd="hunter2"><b></a>'))?.message).not.toContain('hunter2');
  });

  it('keeps what is meant, and not how it was written', () => {
    const read = parseXml(
      `<?xml version="1.0"?><!-- c --><a x='&lt;"&#10;'><![CDATA[<b>]]>&amp;\r\n<n:c xmlns:n="urn:n"/><!-- d --></a>`,
    );
    expect(read).toEqual(element('a', { x: '<"\n' }, '<b>&\n', element('n:c', { 'xmlns:n': 'urn:n' })));
    expect(childrenOf(read)[0]?.namespace).toBe('urn:n');
  });

  test('elements, texts, attributes and numbers', () => {
    const read = parseXml(
      '<d><os><type arch="s390x"> hvm\n</type></os><n>12</n><n>1x</n><n>9007199254740993</n><n/></d>',
    );
    expect(textOf(childAt(read, 'os', 'type'))).toBe('hvm');
    expect(attributeOf(childAt(read, 'os', 'type'), 'arch')).toBe('s390x');
    expect(childAt(read, 'os', 'loader', 'x')).toBeUndefined();
    const [twelve, ...others] = childrenOf(read, 'n');
    expect(wholeNumber(textOf(twelve), 'n')).toBe(12);
    for (const other of others.slice(0, 2)) {
      expect(failureOf(() => wholeNumber(textOf(other), 'n'))?.kind).toBe('unexpected');
    }
    expect(wholeNumber(textOf(others[2]), 'n')).toBeUndefined();
    expect(failureOf(() => required(textOf(others[2]), 'how many'))?.message).toBe('the XML does not say how many');
  });
});

/** As XML, unless it holds what XML cannot. */
function writable(tree: XmlElement): string | undefined {
  try {
    return serialiseXml(tree);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'bad-character' });
    return undefined;
  }
}

describe('writing', () => {
  it('escapes', () => {
    const text = serialiseXml(element('a', { b: `<&"'>\t\n`, c: undefined }, ']]>&<\r', false, 7));
    expect(text).toBe(`<a b="&lt;&amp;&quot;'&gt;&#9;&#10;">]]&gt;&amp;&lt;&#xD;7</a>`);
  });

  test.each(['\u0000', '\u000b', '\ufffe', '\ud800', 'a\udfffb'])('refuses what XML cannot hold: %j', (text) => {
    expect(isXmlText(text)).toBe(false);
    expect(failureOf(() => serialiseXml(element('a', {}, text)))?.kind).toBe('bad-character');
    expect(failureOf(() => serialiseXml(element('a', { b: text })))?.kind).toBe('bad-character');
  });

  it('refuses names that are none', () => {
    expect(() => serialiseXml(element('a><b'))).toThrow();
    expect(() => serialiseXml(element('a', { 'b="1" c': '2' }))).toThrow();
  });

  it('writes what is read as it was, whatever stands in it', () => {
    const name = fc.constantFrom('a', 'domain', 'source-x', 'constructor', '__proto__');
    const text = fc.oneof(
      fc.string({
        unit: fc.constantFrom(
          '<',
          '>',
          '&',
          '"',
          "'",
          '\t',
          '\n',
          '\r',
          ' ',
          '\u0085',
          '\u2028',
          '\ufffd',
          '😀',
          ']]>',
          '<!DOCTYPE',
        ),
        maxLength: 20,
      }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 2 }),
    );
    const tree = fc.letrec<{ tree: XmlElement }>((tie) => ({
      tree: fc
        .tuple(
          name,
          fc.dictionary(name, text, { maxKeys: 3, noNullPrototype: false }),
          fc.array(fc.oneof({ maxDepth: 4 }, text, tie('tree')), { maxLength: 4 }),
          fc.boolean(),
        )
        .map(([tag, attributes, children, isForeign]) =>
          isForeign
            ? element(`q:${tag}`, { ...attributes, 'xmlns:q': 'urn:q"<&' }, ...children)
            : element(tag, attributes, ...children),
        ),
    })).tree;
    let written = 0;
    fc.assert(
      fc.property(tree, (wanted) => {
        const text = writable(wanted);
        if (text === undefined) return;
        written += 1;
        expect(parseXml(text)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
    expect(written).toBeGreaterThan(100);
  });
});
