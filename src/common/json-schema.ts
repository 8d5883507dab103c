import { z } from 'zod';

/** What we read of a JSON Schema that zod made: enough for options, overrides and documents. */
export interface SchemaNode {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly properties?: Readonly<Record<string, SchemaNode>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: SchemaNode | undefined;
  readonly anyOf?: readonly SchemaNode[] | undefined;
  readonly oneOf?: readonly SchemaNode[] | undefined;
  readonly additionalProperties?: SchemaNode | boolean | undefined;
  /** Our own metadata: a default that is found out at run time, in words. */
  readonly defaultText?: string | undefined;
  /** Our own metadata: a type in words, for what JSON Schema cannot say. */
  readonly typeText?: string | undefined;
}

const described = new WeakMap<z.ZodType, SchemaNode>();

/**
 * The JSON Schema of what a caller or a file writes; what cannot be expressed becomes an empty node. It takes a few
 * milliseconds the first time: not for what is only loaded.
 */
export function describeSchema(schema: z.ZodType): SchemaNode {
  const known = described.get(schema);
  if (known !== undefined) return known;
  const node = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  described.set(schema, node);
  return node;
}

/** The node a path leads to, through properties, map values, list items and alternatives; undefined when nothing may stand there. */
export function schemaAt(node: SchemaNode, path: readonly string[]): SchemaNode | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return node;
  const property =
    node.properties !== undefined && Object.hasOwn(node.properties, head) ? node.properties[head] : undefined;
  const value = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
  const item = /^\d+$/.test(head) ? node.items : undefined;
  for (const next of [property, value, item]) {
    const found = next === undefined ? undefined : schemaAt(next, rest);
    if (found !== undefined) return found;
  }
  for (const alternative of [...(node.anyOf ?? []), ...(node.oneOf ?? [])]) {
    const found = schemaAt(alternative, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Names that may stand at a node, for hints; empty for a map, whose names are free. */
export function namesAt(node: SchemaNode | undefined): string[] {
  if (node === undefined) return [];
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  return [...Object.keys(node.properties ?? {}), ...alternatives.flatMap(namesAt)];
}
