import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Taken {
  path: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

type Behaviour = 'ok' | 'error' | 'silent' | 'refuse';

/** A real server that a target points to; how it behaves is turned while it runs. */
export interface TargetServer {
  url: string;
  taken: Taken[];
  behave(how: Behaviour, answer?: unknown): void;
  /** Stops listening, or starts again on the same port. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTarget(): Promise<TargetServer> {
  let how: Behaviour = 'ok';
  let answer: unknown = { errcode: 0, code: 0 };
  const taken: Taken[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      taken.push({ path: request.url ?? '', headers: request.headers, body });
      if (how === 'silent') return;
      response.statusCode = how === 'error' ? 500 : how === 'refuse' ? 400 : 200;
      response.end(JSON.stringify(answer));
    });
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port }: AddressInfo = JSON.parse(JSON.stringify(server.address()));
  const down = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}/hook`,
    taken,
    behave(next, said = { errcode: 0, code: 0 }) {
      how = next;
      answer = said;
    },
    down,
    up: () => listen(port),
    stop: down,
  };
}

export interface Mail {
  to: string[];
  text: string;
}

export async function startMailServer(): Promise<{ port: number; mails: Mail[]; stop(): Promise<void> }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (piece) => (text += piece));
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port }: AddressInfo = JSON.parse(JSON.stringify(listening.address()));
  return {
    port,
    mails,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
