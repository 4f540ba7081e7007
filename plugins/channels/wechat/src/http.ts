import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  /** Sent as it is: the signature is over exactly this text. */
  body: string;
  timeoutMs: number;
  maxBytes: number;
  /** TLS client certificate (v2 reverse and refund). */
  certificate?: { cert: string; key: string } | undefined;
}

export type HttpAnswer =
  | { kind: 'answer'; status: number; headers: Record<string, string>; body: Buffer }
  | { kind: 'timeout'; cause: string }
  /** `reached`: the request may have arrived. When false, nothing was ever connected. */
  | { kind: 'network'; cause: string; reached: boolean };

const neverReached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

const errorCode = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.name;

/** One exchange, limited in time from the first byte to the last. Redirects are answers like any other. */
export function exchange(wanted: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const body = Buffer.from(wanted.body, 'utf8');
    const limit = AbortSignal.timeout(wanted.timeoutMs);
    const fail = (error: Error) => {
      if (limit.aborted)
        return resolve({ kind: 'timeout', cause: `no answer within ${wanted.timeoutMs} ms` });
      const code = errorCode(error);
      resolve({ kind: 'network', cause: code, reached: !neverReached.has(code) });
    };
    const headers: Record<string, string> = { ...wanted.headers };
    if (wanted.method === 'POST') headers['Content-Length'] = String(body.length);
    const secure = wanted.url.startsWith('https:');
    const start = secure ? httpsRequest : httpRequest;
    const call = start(
      wanted.url,
      {
        method: wanted.method,
        headers,
        signal: limit,
        // A client certificate belongs to one merchant: its connections are not shared with another's.
        ...(secure && wanted.certificate ? { ...wanted.certificate, agent: false } : {}),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > wanted.maxBytes) call.destroy(new Error(`answer larger than ${wanted.maxBytes} bytes`));
          else chunks.push(chunk);
        });
        answer.on('error', fail);
        answer.on('aborted', () => fail(new Error('connection lost')));
        answer.on('end', () => {
          const flat: Record<string, string> = {};
          for (const [name, value] of Object.entries(answer.headers)) {
            if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
          }
          resolve({
            kind: 'answer',
            status: answer.statusCode ?? 0,
            headers: flat,
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    call.on('error', fail);
    call.end(wanted.method === 'POST' ? body : undefined);
  });
}
