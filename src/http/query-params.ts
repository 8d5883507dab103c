import { describeSchema } from '../common/json-schema.js';
import { METHODS, type MethodName } from '../compute/contract/index.js';

/**
 * Reads the parameters of a method from the query of an address, where everything is text. What does not look like the
 * type that its schema asks for stays as it is, for the schema to refuse.
 */
export function queryReader(method: MethodName): (query: Readonly<Record<string, unknown>>) => Record<string, unknown> {
  const { properties = {} } = describeSchema(METHODS[method].params);
  const valueOf = (name: string, text: unknown): unknown => {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
    if (typeof text !== 'string') return text;
    if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
    if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
    return type === 'array' ? [text] : text;
  };
  return (query) => Object.fromEntries(Object.entries(query).map(([name, text]) => [name, valueOf(name, text)]));
}
