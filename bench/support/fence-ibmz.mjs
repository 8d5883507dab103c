import { runCommand } from './command.mjs';

const PROGRAM = '/usr/sbin/fence_ibmz';
/** Debian's fence_ibmz as Pacemaker runs it: a process for each action, with its parameters on its input. */
export class FenceIbmz {
  #login;

  constructor(login) {
    this.#login = login;
  }

  static async version() {
    const { output } = await runCommand(PROGRAM, ['--version']);
    return output.split('\n', 1)[0].trim();
  }

  /** Starts, loads what it needs, says what it can do, and ends: the part of each action that is no work. */
  start() {
    return runCommand(PROGRAM, ['--action=metadata']);
  }

  /** @param plug "CPC/partition"; none for a list */
  run(action, { port, certificate }, plug) {
    const parameters = {
      ...this.#login,
      action,
      ip: '127.0.0.1',
      ipport: port,
      ...(plug === undefined ? {} : { plug }),
    };
    return runCommand(PROGRAM, [], {
      input: Object.entries(parameters)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
      // It looks at the certificate, as Zenova does.
      env: { ...process.env, REQUESTS_CA_BUNDLE: certificate },
    });
  }
}
