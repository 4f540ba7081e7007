import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passing {
  path: string;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** Stands between the platform and the gateways and does to their answers what networks do. */
export interface Intermediary {
  url: string;
  /** Where the gateways really are. */
  leadTo(port: number): void;
  /** While set, answers to paths that it names arrive with another body. */
  alter(change: ((passing: Passing) => Buffer) | undefined): void;
  /** While down, every connection is cut before anything is passed on. */
  setDown(isDown: boolean): void;
  /** What was asked while it listened in. */
  asked: string[];
  close(): void;
}

export async function startIntermediary(): Promise<Intermediary> {
  let target = 0;
  let down = false;
  let change: ((passing: Passing) => Buffer) | undefined;
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    if (down) {
      request.socket.destroy();
      return;
    }
    const onward = http.request(
      { host: '127.0.0.1', port: target, method: request.method, path, headers: request.headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const body = Buffer.concat(chunks);
          const altered = change?.({ path, headers: answer.headers, body }) ?? body;
          const { 'transfer-encoding': _, ...headers } = answer.headers;
          const length = answer.statusCode === 204 ? {} : { 'content-length': altered.length };
          response.writeHead(answer.statusCode ?? 502, { ...headers, ...length });
          response.end(altered);
        });
        answer.on('error', () => response.destroy());
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
  return {
    url: `http://127.0.0.1:${port}/sandbox`,
    leadTo(to) {
      target = to;
    },
    alter(next) {
      change = next;
    },
    setDown(isDown) {
      down = isDown;
    },
    asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
