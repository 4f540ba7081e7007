import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { answer, type Command, type Standing } from './messages';

/** Where agents come to: `wss://…/agents/mispos`, with `Authorization: Bearer <token>` and `X-Terminal: <code>`. */
export const agentsPath = '/agents/mispos';

export type Asked =
  | { kind: 'answered'; standing: Standing }
  /** No agent of this terminal is here: nothing was sent. */
  | { kind: 'offline' }
  /** It was sent, and no answer came. */
  | { kind: 'silent'; cause: string };

interface Connection {
  socket: WebSocket;
  waiting: Map<string, (asked: Asked) => void>;
}

const pingEveryMs = 20_000;
const largestMessage = 64 * 1024;
/** So many agents at once; whoever brings no account's token can fill them and no more. */
const mostAgents = 2000;

const keyOf = (token: string, terminalCode: string): string =>
  `${createHash('sha256').update(token).digest('hex')} ${terminalCode}`;

/**
 * The agents connected to this process. A connection is found by the digest of the token that it brought: an account
 * only ever reaches the agents that know its own, and an agent with any other token is never spoken to.
 */
class Hub {
  private readonly connections = new Map<string, Connection>();
  private readonly server = new WebSocketServer({ noServer: true, maxPayload: largestMessage });
  private readonly pings = setInterval(() => this.ping(), pingEveryMs).unref();
  private readonly alive = new WeakSet<WebSocket>();

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [, token] = /^Bearer (\S{32,128})$/.exec(request.headers.authorization ?? '') ?? [];
    const terminalCode = String(request.headers['x-terminal'] ?? '');
    if (!token || !/^[0-9A-Za-z_-]{1,32}$/.test(terminalCode) || this.connections.size >= mostAgents) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
      return;
    }
    this.server.handleUpgrade(request, socket, head, (opened) =>
      this.welcome(keyOf(token, terminalCode), opened),
    );
  }

  private welcome(key: string, socket: WebSocket): void {
    // The newer one counts: the other is a line that has not yet been noticed to be dead.
    this.connections.get(key)?.socket.terminate();
    const connection: Connection = { socket, waiting: new Map() };
    this.connections.set(key, connection);
    this.alive.add(socket);
    socket.on('pong', () => this.alive.add(socket));
    socket.on('message', (data) => {
      const read = answer.safeParse(parseJson(String(data)));
      if (read.success)
        connection.waiting.get(read.data.id)?.({ kind: 'answered', standing: read.data.standing });
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (this.connections.get(key) === connection) this.connections.delete(key);
      for (const give of connection.waiting.values()) give({ kind: 'silent', cause: 'the agent hung up' });
    });
  }

  private ping(): void {
    for (const { socket } of this.connections.values()) {
      if (!this.alive.has(socket)) socket.terminate();
      this.alive.delete(socket);
      socket.ping();
    }
  }

  ask(token: string, terminalCode: string, command: Command, limitMs: number): Promise<Asked> {
    const connection = this.connections.get(keyOf(token, terminalCode));
    if (!connection || connection.socket.readyState !== WebSocket.OPEN) {
      return Promise.resolve({ kind: 'offline' });
    }
    const id = randomUUID();
    return new Promise<Asked>((resolve) => {
      const timer = setTimeout(() => resolve({ kind: 'silent', cause: 'no answer in time' }), limitMs);
      connection.waiting.set(id, (asked) => {
        clearTimeout(timer);
        resolve(asked);
      });
      connection.socket.send(JSON.stringify({ id, command }));
    }).finally(() => connection.waiting.delete(id));
  }

  /** How many agents know this token. */
  count(token: string): number {
    const own = keyOf(token, '');
    return [...this.connections.keys()].filter((key) => key.startsWith(own)).length;
  }

  close(): void {
    clearInterval(this.pings);
    for (const { socket } of this.connections.values()) socket.terminate();
    this.server.close();
  }
}

export type { Hub };

/** The agents of this process: drivers are connected without knowing in which application. */
export const hub = new Hub();

/** @returns what ends it */
export function serveAgents(server: Server): () => void {
  const listen = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://agents');
    if (pathname === agentsPath) hub.upgrade(request, socket, head);
    // Nobody else would ever answer it.
    else if (server.listenerCount('upgrade') === 1) socket.destroy();
  };
  server.on('upgrade', listen);
  return () => server.off('upgrade', listen);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
