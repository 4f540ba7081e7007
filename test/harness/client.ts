import { createHash, createHmac, randomBytes } from 'node:crypto';

/** An order number that nobody has used. */
export const newNo = () => `T${randomBytes(8).toString('hex')}`;

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  body: Body;
}

/** Signs as an application does: see docs, "Signing a request". */
export function signedHeaders(
  app: { appId: string; secret: string },
  request: { method: string; path: string; body: string; timestamp?: number; nonce?: string },
): Record<string, string> {
  const timestamp = String(request.timestamp ?? Date.now());
  const nonce = request.nonce ?? randomBytes(16).toString('hex');
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const key = createHash('sha256').update(app.secret).digest();
  const text = `${request.method}\n${request.path}\n${timestamp}\n${nonce}\n${bodyHash}`;
  return {
    'content-type': 'application/json',
    'x-app-id': app.appId,
    'x-timestamp': timestamp,
    'x-nonce': nonce,
    'x-signature': createHmac('sha256', key).update(text).digest('hex'),
  };
}

export async function readAnswer<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const body: Body = text === '' ? JSON.parse('{}') : JSON.parse(text);
  return { status: response.status, body };
}
