import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { parseXml, serialiseXml, withChildren, type XmlElement } from '../../src/connectors/xml/index.js';

const FIXTURES = join(import.meta.dirname, '../fixtures/libvirt');

/** What libvirt answered once. */
export async function recordedXml(name: string): Promise<XmlElement> {
  return parseXml(await readFile(join(FIXTURES, `${name}.xml`), 'utf8'));
}

/**
 * Is it what somebody has read and found good, `test/fixtures/libvirt/golden/<name>.xml`? With `ZENOVA_WRITE_GOLDEN=1` it is written
 * there, to be read.
 */
export async function expectGolden(name: string, tree: XmlElement): Promise<void> {
  const file = join(FIXTURES, 'golden', `${name}.xml`);
  if (process.env['ZENOVA_WRITE_GOLDEN'] === '1') await writeFile(file, `${serialiseXml(indented(tree))}\n`);
  expect(withoutIndent(parseXml(await readFile(file, 'utf8')))).toEqual(tree);
}

/** What libvirt's own schemas have against it: nothing, or the words of their checker. */
export async function schemaErrors(tree: XmlElement, schema: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zenova-xml-'));
  try {
    const file = join(folder, 'one.xml');
    await writeFile(file, serialiseXml(tree));
    await promisify(execFile)('virt-xml-validate', [file, schema]);
    return '';
  } catch (error) {
    return String(error);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function indented(tree: XmlElement, depth = 1): XmlElement {
  if (tree.children.every((child) => typeof child === 'string')) return tree;
  const line = (level: number) => `\n${'  '.repeat(level)}`;
  return withChildren(tree, [
    ...tree.children.flatMap((child) => [line(depth), typeof child === 'string' ? child : indented(child, depth + 1)]),
    line(depth - 1),
  ]);
}

function withoutIndent(tree: XmlElement): XmlElement {
  const hasElements = tree.children.some((child) => typeof child !== 'string');
  if (!hasElements) return tree;
  return withChildren(
    tree,
    tree.children.flatMap((child) => (typeof child === 'string' ? child.trim() : withoutIndent(child))),
  );
}
