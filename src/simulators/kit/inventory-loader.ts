import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import type { z } from 'zod';

/** An inventory that cannot be used; `issues` lists every mistake found, each with its path. */
export class InventoryError extends Error {
  override readonly name = 'InventoryError';

  constructor(
    readonly source: string,
    readonly issues: readonly string[],
  ) {
    super([`${source} is not a usable inventory:`, ...issues.map((issue) => `  ${issue}`)].join('\n'));
  }
}

/** Reads and checks a YAML inventory. Throws {@link InventoryError}. */
export async function loadInventoryFile<S extends z.ZodType>(schema: S, file: string): Promise<z.output<S>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new InventoryError(file, [`cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`]);
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new InventoryError(
      file,
      document.errors.map((error) => error.message),
    );
  }
  return checkInventory(schema, document.toJS(), file);
}

/** Checks an inventory that is already an object. Throws {@link InventoryError}. */
export function checkInventory<S extends z.ZodType>(schema: S, value: unknown, source = 'inventory'): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw new InventoryError(
    source,
    checked.error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`),
  );
}

/** `cpcs[0].partitions[2].status`, or `(root)`. */
export function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return text.replace(/^\./, '') || '(root)';
}
