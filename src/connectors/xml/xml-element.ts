/**
 * An element as plain data, the same whether it was read or is to be written: `parseXml(serialiseXml(x))` is `x`. Comments,
 * processing instructions and the document around it are not kept.
 */
export interface XmlElement {
  /** As it is written, with its prefix. */
  readonly name: string;
  /** URI that its prefix stands for. */
  readonly namespace: string | null;
  /** By their names as they are written; declarations of namespaces are among them. */
  readonly attributes: ReadonlyMap<string, string>;
  /** No two texts stand beside each other, and none is empty. */
  readonly children: readonly XmlNode[];
}

export type XmlNode = XmlElement | string;

/** What {@link element} takes as a child; what is undefined or false is left out. */
type Child = XmlNode | number | undefined | false;

/**
 * An element to be written. Attributes that are undefined are left out. With a prefix in its name it declares it
 * (`{ 'xmlns:a': uri }`).
 */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly Child[]
): XmlElement {
  const given = Object.entries(attributes).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  const declared = new Map(given);
  const [prefix, local] = name.split(':');
  return {
    name,
    namespace: (local === undefined ? undefined : declared.get(`xmlns:${prefix}`)) ?? null,
    attributes: declared,
    children: joined(children.flatMap((child) => (child === undefined || child === false ? [] : [child]))),
  };
}

/** The same element with other children. */
export function withChildren(of: XmlElement, children: readonly XmlNode[]): XmlElement {
  return { ...of, children: joined(children) };
}

/** The same element with an attribute set, or without it. */
export function withAttribute(of: XmlElement, name: string, value: string | undefined): XmlElement {
  const attributes = new Map(of.attributes);
  if (value === undefined) attributes.delete(name);
  else attributes.set(name, value);
  return { ...of, attributes };
}

/** Texts that stand beside each other become one, as a reader would find them. */
export function joined(children: readonly (XmlNode | number)[]): XmlNode[] {
  const result: XmlNode[] = [];
  for (const child of children) {
    const before = result.at(-1);
    if (typeof child === 'object') result.push(child);
    else if (typeof before === 'string') result[result.length - 1] = before + String(child);
    else if (child !== '') result.push(String(child));
  }
  return result;
}
