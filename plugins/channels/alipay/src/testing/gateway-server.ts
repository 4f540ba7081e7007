import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The application's keys and Alipay's, made once a test file. */
export const app = pair();
export const alipay = pair();

export const pem = {
  privateKey: app.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  privateKeyPkcs1: app.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  ownPublicKey: app.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  alipayPublicKey: alipay.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
};

/** `k=v` of everything that is not empty and not the signature, sorted, values as they are. */
export const canonical = (parameters: Record<string, string>, without: string[] = ['sign']): string =>
  Object.entries(parameters)
    .filter(([name, value]) => !without.includes(name) && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

export const rsa2 = (text: string, key: KeyObject = alipay.privateKey): string =>
  sign('RSA-SHA256', Buffer.from(text, 'utf8'), key).toString('base64');

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A notification's body, signed as Alipay signs: without `sign` and `sign_type`. */
export function notification(fields: Record<string, string>, key: KeyObject = alipay.privateKey): Buffer {
  const signature = rsa2(canonical(fields, ['sign', 'sign_type']), key);
  return Buffer.from(new URLSearchParams({ ...fields, sign_type: 'RSA2', sign: signature }).toString());
}

export interface Received {
  method: string;
  parameters: Record<string, string>;
  biz: Record<string, unknown>;
}

type Answer =
  | Record<string, string>
  /** Anything at all, on the open connection. */
  | ((response: ServerResponse, received: Received) => void);

export interface TestGateway {
  url: string;
  calls: Received[];
  /** Answers to come, first in first out; the last one stays. */
  answers: Answer[];
  close(): Promise<void>;
}

export function replyText(
  method: string,
  fields: Record<string, string>,
  key: KeyObject = alipay.privateKey,
): string {
  // As the real gateway writes it: slashes escaped. The signature covers exactly this text.
  const content = JSON.stringify(fields).replaceAll('/', '\\/');
  return `{"${method.replaceAll('.', '_')}_response":${content},"sign":"${rsa2(content, key)}"}`;
}

/** A gateway that speaks signed Alipay and says what it is told to say. */
export async function startGateway(): Promise<TestGateway> {
  const calls: Received[] = [];
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://gateway');
      const body = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      const parameters = Object.fromEntries([...url.searchParams, ...body]);
      const method = parameters.method ?? '';
      const received: Received = { method, parameters, biz: JSON.parse(parameters.biz_content ?? '{}') };
      calls.push(received);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      const signed = verify(
        'RSA-SHA256',
        Buffer.from(canonical(parameters), 'utf8'),
        app.publicKey,
        Buffer.from(parameters.sign ?? '', 'base64'),
      );
      if (typeof answer === 'function') return answer(response, received);
      response.setHeader('content-type', 'text/html;charset=utf-8');
      if (!signed) {
        const error = {
          code: '40002',
          msg: 'Invalid Arguments',
          sub_code: 'isv.invalid-signature',
          sub_msg: '验签出错',
        };
        return response.end(JSON.stringify({ [`${method.replaceAll('.', '_')}_response`]: error }));
      }
      return response.end(replyText(method, answer ?? { code: '10000', msg: 'Success' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/gateway.do`,
    calls,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
