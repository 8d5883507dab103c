import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer } from '../kit/https-listener.js';
import type { AnswerFault } from './hmc-faults.js';
import type { Reply } from './router.js';

/** The reply on the wire: JSON but for metrics, with the headers an HMC sends (hmc-dpm.md section 1). */
export function toAnswer({ status, body, text }: Reply): Answer & { kind: 'body' } {
  if (text !== undefined) {
    return { kind: 'body', status, headers: { ...commonHeaders(), 'Content-Type': text.type }, body: text.content };
  }
  if (body === undefined) return { kind: 'body', status, headers: commonHeaders(), body: '' };
  return { kind: 'body', status, headers: jsonHeaders(), body: JSON.stringify(body) };
}

/** What the web server of the HMC says when the API behind it does not. */
export function htmlAnswer(status: number, text: string): Answer & { kind: 'body' } {
  const body = `<!DOCTYPE html>\n<html><head><title>Console error</title></head><body>\n<h1>${escapeHtml(text)}</h1>\n<p>Details: ${escapeHtml(text)}</p>\n</body></html>\n`;
  return { kind: 'body', status, headers: { ...commonHeaders(), 'Content-Type': 'text/html;charset=UTF-8' }, body };
}

/** What a fault makes of an answer. */
export function spoilAnswer(answer: Answer & { kind: 'body' }, fault: AnswerFault): Answer {
  switch (fault.kind) {
    case 'answer-lost':
      return { kind: 'reset' };
    case 'html-error':
      return htmlAnswer(fault.status, fault.text);
    case 'truncated-json':
      return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length * 0.6)) };
    case 'wrong-types':
      return isJson(answer) ? { ...answer, body: JSON.stringify(withWrongTypes(JSON.parse(answer.body))) } : answer;
    case 'endless-body':
      return {
        kind: 'endless',
        status: answer.body === '' ? 200 : answer.status,
        headers: jsonHeaders(),
        start: answer.body === '' ? '{' : answer.body.slice(0, -1),
      };
  }
}

const isJson = ({ headers }: Answer & { kind: 'body' }): boolean =>
  String(headers['Content-Type']).startsWith('application/json');

/** Every value below the top becomes one of another type; names and nesting of objects stay. */
function withWrongTypes(value: unknown, isTop = true): unknown {
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : value.map((item) => withWrongTypes(item, false));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0 && !isTop) return 0;
    return Object.fromEntries(entries.map(([name, inner]) => [name, withWrongTypes(inner, false)]));
  }
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return { value };
  return typeof value === 'boolean' ? [value] : false;
}

function commonHeaders(): OutgoingHttpHeaders {
  return {
    Server: 'Hardware management console API web server',
    'X-Request-Id': randomUUID(),
    'Cache-Control': 'no-store',
  };
}

function jsonHeaders(): OutgoingHttpHeaders {
  return { ...commonHeaders(), 'Content-Type': 'application/json;charset=UTF-8' };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
