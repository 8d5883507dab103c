import { createHash } from 'node:crypto';
import { ComputeError } from '../common/errors/index.js';
import { cloudYaml } from './cloud-yaml.js';

/** What cloud-config that asks for nothing looks like. */
export const NOTHING = '#cloud-config\n{}\n';

/**
 * How ours joins the caller's: the caller's values win, and lists of both are one. The last part decides, by this header of it
 * (cloud-init, "Merging user-data sections"); without it the last part's lists would take the place of the first one's.
 */
const MERGE = 'list(append)+dict(no_replace,recurse_list)+str()';

/**
 * The `user-data` of a seed: what the caller gave, and our own beside it, each a part of a MIME message as cloud-init takes it
 * ("MIME multi-part archive"). The caller's is kept byte for byte; alone it is not even wrapped.
 *
 * @param ours cloud-config of our own; nothing when it is empty
 * @throws ComputeError REQUEST_INVALID when the caller's is nothing for cloud-init, so that ours would be lost beside it
 */
export function userData(callers: string | undefined, ours: Readonly<Record<string, unknown>>): string {
  const isOursEmpty = Object.keys(ours).length === 0;
  const config = isOursEmpty ? NOTHING : `#cloud-config\n${cloudYaml(ours)}`;
  if (callers === undefined || callers === '') return config;
  if (isOursEmpty) return callers;
  return multipart([callersPart(callers), ourPart(config)]);
}

/** The lines by which cloud-init knows what user data is (`cloudinit/handlers/__init__.py`, INCLUSION_TYPES_MAP). */
const BEGINNINGS = [
  '#!',
  '#cloud-config',
  '#cloud-boothook',
  '#include',
  '#part-handler',
  '## template: jinja',
] as const;

/** cloud-init takes text for a message when it has this header (`cloudinit/user_data.py`, convert_string). */
const MIME_VERSION = /^mime-version:/im;

function callersPart(callers: string): string {
  if (isMessage(callers)) return withoutEnvelope(callers);
  if (BEGINNINGS.some((beginning) => callers.trimStart().toLowerCase().startsWith(beginning))) {
    // text/plain: cloud-init finds out by its beginning what it is.
    return encodedPart('text/plain', 'user-data', callers);
  }
  throw new ComputeError(
    'REQUEST_INVALID',
    `user_data is none of what cloud-init knows by its beginning (${BEGINNINGS.join(', ')}, or a MIME message): alone it would be ` +
      'handed to the guest as it is, and beside files, a password, keys or a preset it cannot be; write cloud-config or a script',
    { details: { field: 'user_data' } },
  );
}

/** Headers, and among them the one; as a part of ours a message is read as it would be alone. */
function isMessage(text: string): boolean {
  const [head = ''] = withoutEnvelope(text).split(/\r?\n\r?\n/, 1);
  return /^[\w-]+:/.test(head) && MIME_VERSION.test(head);
}

/** The line before the headers that tools for mailboxes write, which no part may have. */
function withoutEnvelope(text: string): string {
  return text.replace(/^From .*\r?\n/, '');
}

function ourPart(config: string): string {
  return encodedPart('text/cloud-config', 'zenova.cfg', config, [`Merge-Type: ${MERGE}`]);
}

function encodedPart(type: string, name: string, text: string, headers: readonly string[] = []): string {
  const lines =
    Buffer.from(text)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return [
    `Content-Type: ${type}; charset="utf-8"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${name}"`,
    ...headers,
    '',
    ...lines,
  ].join('\n');
}

function multipart(parts: readonly string[]): string {
  const boundary = boundaryFor(parts);
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    ...parts.flatMap((part) => [`--${boundary}`, part]),
    `--${boundary}--`,
    '',
  ].join('\n');
}

/** The same for the same parts, so that a seed that is made again is the same; none of them can hold it but by design. */
function boundaryFor(parts: readonly string[]): string {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return `zenova-${digest.digest('hex').slice(0, 32)}`;
}
