import type { NativeCode, WayFailure } from './failure-kinds.js';

/** What the program `virsh` has said went wrong. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';

  constructor(
    message: string,
    /** Of libvirt's answer, as far as its text tells it; or why there is none. */
    readonly verdict: { readonly native: NativeCode } | { readonly way: WayFailure; readonly wasSent: boolean },
  ) {
    super(message);
  }
}

/** The program prints libvirt's texts without their codes. These are how libvirt begins them, where it is told to speak English. */
const TEXTS: readonly (readonly [RegExp, NativeCode])[] = [
  [/^Domain not found/, 'VIR_ERR_NO_DOMAIN'],
  [/^(Requested operation is not valid|Domain is already active)/, 'VIR_ERR_OPERATION_INVALID'],
  [/^Timed out during operation/, 'VIR_ERR_OPERATION_TIMEOUT'],
  [/^this function is not supported/, 'VIR_ERR_NO_SUPPORT'],
  [/^Operation not supported/, 'VIR_ERR_OPERATION_UNSUPPORTED'],
  [/^unsupported configuration/, 'VIR_ERR_CONFIG_UNSUPPORTED'],
  [/^argument unsupported/, 'VIR_ERR_ARGUMENT_UNSUPPORTED'],
  [/^(invalid argument|unsupported flags|unknown command|command .* doesn't support)/, 'VIR_ERR_INVALID_ARG'],
  [/^Guest agent is not responding/, 'VIR_ERR_AGENT_UNRESPONSIVE'],
  [/^resource busy/, 'VIR_ERR_RESOURCE_BUSY'],
  [/^operation aborted/, 'VIR_ERR_OPERATION_ABORTED'],
  [/^operation failed/, 'VIR_ERR_OPERATION_FAILED'],
  [/^operation .* forbidden/, 'VIR_ERR_OPERATION_DENIED'],
  [/^access denied/, 'VIR_ERR_ACCESS_DENIED'],
  [/^authentication unavailable/, 'VIR_ERR_AUTH_UNAVAILABLE'],
  [/^authentication cancelled/, 'VIR_ERR_AUTH_CANCELLED'],
  [/^authentication failed/, 'VIR_ERR_AUTH_FAILED'],
  [/^XML (error|document failed to validate)/, 'VIR_ERR_XML_ERROR'],
  [/^internal error/, 'VIR_ERR_INTERNAL_ERROR'],
];

/** Says "failed to get domain" of whatever it does not find. */
const NO_DOMAIN = /^failed to get domain/;
const NO_CONNECTION = /^failed to connect to the hypervisor/;
const BROKEN = /^(cannot (recv|write|send) data|End of file while reading data|client socket is closed)/i;
/** Of the shell: the program cannot be run, or is not there. */
const NOT_RUN: readonly (number | null)[] = [126, 127];

/**
 * What a run of the program says went wrong; undefined when nothing did.
 *
 * @param status of the program, or of the shell
 * @param complaint its standard error
 */
export function programError(status: number | null, complaint: string): ProgramError | undefined {
  const said = complaint
    .split('\n')
    .filter((line) => line.startsWith('error: '))
    .map((line) => line.slice('error: '.length).trim());
  if (said.length === 0) {
    if (status === 0) return undefined;
    if (NOT_RUN.includes(status)) {
      const why = lastLine(complaint) || 'it is not there';
      return new ProgramError(`the program virsh cannot be run on the host: ${why}`, notSent);
    }
    // Ended from outside, say: what it has sent, it has sent.
    const how = status === null ? 'by a signal' : `with status ${status}`;
    return new ProgramError(`virsh ended ${how}: ${lastLine(complaint)}`, { way: 'lost', wasSent: true });
  }
  const text = said.join('; ');
  if (said.some((line) => NO_CONNECTION.test(line))) {
    const reason = knownText(said);
    return new ProgramError(text, reason === undefined ? notSent : { native: reason });
  }
  if (said.some((line) => BROKEN.test(line))) return new ProgramError(text, { way: 'lost', wasSent: true });
  const native = knownText(said) ?? (said.some((line) => NO_DOMAIN.test(line)) ? 'VIR_ERR_NO_DOMAIN' : undefined);
  // Whatever else it is, libvirt has answered, and may have begun.
  return new ProgramError(text, { native: native ?? 'VIR_ERR_OPERATION_FAILED' });
}

const notSent = { way: 'unavailable', wasSent: false } as const;

/** The last line is libvirt's; those before it are the program's. */
function knownText(said: readonly string[]): NativeCode | undefined {
  for (const line of said.toReversed()) {
    const known = TEXTS.find(([text]) => text.test(line))?.[1];
    if (known !== undefined) return known;
  }
  return undefined;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
