import { TransportError } from '../errors/transport-error.js';

/**
 * One word of a command line for the shell of the ssh server's user, whatever is in it. An ssh server hands commands to a
 * shell as one text: there is no other way to give it arguments.
 *
 * @throws TransportError `settings` when it holds what no argument can hold
 */
export function shellWord(text: string): string {
  // A line end would be kept by every shell but csh; nothing that is named here has one.
  if (/\p{Cc}/u.test(text)) throw new TransportError('settings', 'a control character cannot be part of a command');
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export interface HelperCommand {
  /** As the daemon over there takes it: `qemu:///system`. */
  readonly driverUri: string;
  readonly isReadOnly: boolean;
}

/** libvirt's own program for the far end of an ssh connection: it knows where the daemon of its host listens. */
export function helperCommand({ driverUri, isReadOnly }: HelperCommand): string {
  return ['virt-ssh-helper', ...(isReadOnly ? ['-r'] : []), '--', shellWord(driverUri)].join(' ');
}

/** @param program netcat over there */
export function netcatCommand(program: string, socket: string): string {
  return [shellWord(program), '-U', shellWord(socket)].join(' ');
}
