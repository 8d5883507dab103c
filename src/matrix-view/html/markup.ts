/** HTML that is ready to be sent. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

type Child = Markup | string | number | null | undefined | false | readonly Child[];

/**
 * HTML from a template. Texts become texts, whatever is in them: only what {@link markup} has made itself stays markup.
 * Attributes stand between quotes in the template.
 */
export function markup(strings: TemplateStringsArray, ...children: readonly Child[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...children.map(textOf)));
}

function textOf(child: Child): string {
  if (child === null || child === undefined || child === false) return '';
  if (child instanceof Markup) return child.toString();
  if (typeof child === 'object') return child.map(textOf).join('');
  return escaped(String(child));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
