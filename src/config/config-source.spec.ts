import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findConfig, parseSource } from './config-source.js';

let directory: string;
let systemFile: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-config-'));
  systemFile = join(directory, 'system.yaml');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe('finding the configuration', () => {
  it('prefers --config, then ZENOVA_CONFIG, then the system file, then the simulated estate', () => {
    const option = write('option.yaml', 'server: a');
    const variable = write('variable.yaml', 'server: b');
    expect(findConfig({ environment: {}, systemFile }).isSimulatedEstate).toBe(true);
    write('system.yaml', 'server: c');
    expect(findConfig({ environment: {}, systemFile }).origin).toBe(systemFile);
    expect(findConfig({ environment: { ZENOVA_CONFIG: variable }, systemFile }).origin).toBe(variable);
    expect(findConfig({ file: option, environment: { ZENOVA_CONFIG: variable }, systemFile }).origin).toBe(option);
  });

  it.each([
    ['--config', { file: '/nowhere/z.yaml', environment: {} }],
    ['ZENOVA_CONFIG', { environment: { ZENOVA_CONFIG: '/nowhere/z.yaml' } }],
  ])('refuses a missing file named by %s', (how, options) => {
    expect(() => findConfig({ ...options, systemFile })).toThrow(
      `configuration file /nowhere/z.yaml (named by ${how}) does not exist`,
    );
  });
});

describe('reading YAML', () => {
  it.each([
    ['a duplicate key', 'http: {}\nlog: {}\nhttp: {}', /line 3, column 1: this key stands here twice/],
    ['a bad indentation', 'hosts:\n  a: 1\n b: 2', /line 3, column \d+: /],
    ['an unclosed bracket', 'hosts: [', /line 1, column \d+: /],
    ['an unquoted asterisk', 'manage: [*]', /line 1, column 10: what begins with an asterisk needs quotes/],
    ['an unquoted pattern', 'a: 1\nmanage: [*web]', /line 2, column 10: what begins with an asterisk needs quotes/],
    ['a list', '- a', /must hold a map/],
    ['two documents', 'a: 1\n---\nb: 2', /no valid YAML/],
    ['an unknown tag', 'server: !!js/function x', /no valid YAML/],
    ['an alias to nothing', 'server: *x', /no valid YAML/],
  ])('refuses %s, with its place', (_, text, message) => {
    expect(() => parseSource(text, '/etc/z.yaml')).toThrow(message);
  });

  it('bounds aliases', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
    const bomb = ['l0: &l0 [x]', ...levels].join('\n');
    expect(() => parseSource(bomb, '/etc/z.yaml')).toThrow(/refers to its own parts too often/);
  });

  it('takes an empty file', () => {
    expect(parseSource('# nothing\n', '/etc/z.yaml').document).toEqual({});
  });

  it('knows where a path stands, or the nearest place around it', () => {
    const source = parseSource('a:\n  b: [1, 2]\n', '/etc/z.yaml');
    expect(source.locate(['a', 'b', 1])).toBe('line 2, column 10');
    expect(source.locate(['a', 'nope'])).toBe('line 1, column 1');
    expect(source.locate(['nope'])).toBeNull();
  });
});
