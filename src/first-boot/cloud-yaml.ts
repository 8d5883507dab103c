/**
 * A value as YAML that every cloud-init reads alike. It is JSON, which is YAML too, with every text in quotes: PyYAML speaks
 * YAML 1.1, where `on` is true and `12:34:56:00:00:01` a number. Beyond that, PyYAML takes no control characters but as
 * escapes, and its escapes know no surrogates.
 */
export function cloudYaml(value: unknown): string {
  const wellFormed = (_name: string, member: unknown): unknown =>
    typeof member === 'string' ? Buffer.from(member).toString() : member;
  const json = JSON.stringify(value, wellFormed, 2);
  return `${json.replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
