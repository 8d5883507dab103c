import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Sends back whatever comes over a unix socket. */
export class UnixEcho {
  readonly connections = new Set<Socket>();
  readonly #server: Server;

  private constructor(readonly path: string) {
    this.#server = createServer((socket) => {
      this.connections.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.connections.delete(socket));
      socket.pipe(socket);
    });
  }

  static async start(path: string): Promise<UnixEcho> {
    const echo = new UnixEcho(path);
    echo.#server.listen(path);
    await once(echo.#server, 'listening');
    return echo;
  }

  /** Ends all that is connected. */
  cut(): void {
    for (const socket of this.connections) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
