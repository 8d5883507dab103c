import type { CommandResult, GuestSystem } from './guest-system.js';

/** What a terminal is connected to. */
export interface TerminalHost {
  /** undefined: nothing runs there that would answer. */
  system(): GuestSystem | undefined;
  run(command: string): CommandResult;
  isAccount(user: string, password: string): boolean;
}

const LONGEST_LINE = 1024;
const [CTRL_C, CTRL_D, BACKSPACE, DELETE] = ['\x03', '\x04', '\b', '\x7f'];
const LINE_END = '\r\n';
/** Of the lines that a system prints: both ends are seen on real consoles. */
const OUTPUT_END = '\r\r\n';

/** A line terminal with echo: login, shell, logout. What is written goes to `write`. */
export class Terminal {
  #line = '';
  #user: string | null = null;
  #isLoggedIn = false;

  constructor(
    private readonly host: TerminalHost,
    private readonly write: (text: string) => void,
  ) {}

  /** The first thing that one sees. */
  open(): void {
    const system = this.host.system();
    if (system !== undefined) this.write(LINE_END + system.loginPrompt);
  }

  /** What the operating system writes by itself; when it boots, who was logged in is no more. */
  booted(lines: readonly string[]): void {
    this.#line = '';
    this.#user = null;
    this.#isLoggedIn = false;
    this.write(LINE_END + lines.join(OUTPUT_END));
  }

  type(text: string): void {
    for (const key of text.replaceAll('\r\n', '\r')) this.#press(key);
  }

  #press(key: string): void {
    const system = this.host.system();
    if (system === undefined) return;
    if (key === '\r' || key === '\n') {
      this.write(LINE_END);
      const line = this.#line;
      this.#line = '';
      this.#enter(line, system);
    } else if (key === CTRL_D && this.#isLoggedIn) {
      this.#logOut(system);
    } else if (key === CTRL_C) {
      this.#line = '';
      this.write(`^C${LINE_END}`);
      this.#prompt(system);
    } else if (key === BACKSPACE || key === DELETE) {
      if (this.#line !== '' && this.#hasEcho) this.write('\b \b');
      this.#line = this.#line.slice(0, -1);
    } else if (key >= ' ' && this.#line.length < LONGEST_LINE) {
      this.#line += key;
      if (this.#hasEcho) this.write(key);
    }
  }

  /** Not while a password is typed. */
  get #hasEcho(): boolean {
    return this.#isLoggedIn || this.#user === null;
  }

  #enter(line: string, system: GuestSystem): void {
    if (this.#isLoggedIn) {
      this.#execute(line, system);
    } else if (this.#user === null) {
      this.#user = line.trim() === '' ? null : line.trim();
      this.write(this.#user === null ? system.loginPrompt : 'Password: ');
    } else {
      this.#isLoggedIn = this.host.isAccount(this.#user, line);
      this.#user = this.#isLoggedIn ? this.#user : null;
      if (!this.#isLoggedIn) this.write(`${LINE_END}Login incorrect${LINE_END}`);
      this.#prompt(system);
    }
  }

  #execute(line: string, system: GuestSystem): void {
    if (/^\s*(exit|logout)\s*$/.test(line)) {
      this.#logOut(system);
      return;
    }
    for (const text of this.host.run(line).lines) this.write(text + OUTPUT_END);
    this.#prompt(system);
  }

  #logOut(system: GuestSystem): void {
    this.#user = null;
    this.#isLoggedIn = false;
    this.write(`logout${LINE_END}${LINE_END}`);
    this.#prompt(system);
  }

  #prompt(system: GuestSystem): void {
    this.write(this.#isLoggedIn ? system.shellPrompt : system.loginPrompt);
  }
}
