import {
  createDecipheriv,
  createHash,
  createHmac,
  createSign,
  createVerify,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { SandboxCredentials } from '../credentials';

/** A merchant written from the protocol documents, sharing no line with the gateways it talks to. */

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** A merchant's notification address. */
export async function listenForNotifications(
  respond: (count: number, received: Received) => { status: number; body: string },
): Promise<{ url: string; received: Received[]; close(): Promise<void> }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = {
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        at: Date.now(),
      };
      received.push(message);
      const { status, body } = respond(received.length, message);
      response.writeHead(status).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/notify`,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function alipayMerchant({ alipay }: SandboxCredentials, baseUrl: string) {
  const sorted = (params: Record<string, string>) =>
    Object.keys(params)
      .sort()
      .map((key) => `${key}=${params[key]}`)
      .join('&');
  return {
    async raw(method: string, biz: Record<string, unknown> | string, changes: Record<string, string> = {}) {
      const params: Record<string, string> = {
        app_id: alipay.appId,
        method,
        charset: 'utf-8',
        sign_type: 'RSA2',
        timestamp: new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
        version: '1.0',
        biz_content: typeof biz === 'string' ? biz : JSON.stringify(biz),
        ...changes,
      };
      const sign =
        changes.sign ??
        createSign('RSA-SHA256').update(sorted(params)).sign(alipay.privateKeyPkcs8, 'base64');
      const response = await fetch(`${baseUrl}/alipay/gateway.do`, {
        method: 'POST',
        body: new URLSearchParams({ ...params, sign }),
      });
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        text: await response.text(),
      };
    },
    /** The verified inner object, or an error when the signature over the raw text does not hold. */
    async call(method: string, biz: Record<string, unknown>, changes: Record<string, string> = {}) {
      const { text } = await this.raw(method, biz, changes);
      const match = /^\{"\w+_response":(\{.*\}),(?:"alipay_cert_sn":"\w+",)?"sign":"([^"]+)"\}$/s.exec(text);
      if (match === null) throw new Error(`unsigned: ${text}`);
      const [, inner = '', signature = ''] = match;
      if (!createVerify('RSA-SHA256').update(inner).verify(alipay.alipayPublicKey, signature, 'base64')) {
        throw new Error('the signature of the reply is wrong');
      }
      const answer: Record<string, string> = JSON.parse(inner);
      return answer;
    },
    readNotification(body: string) {
      const { sign = '', sign_type: _, ...fields } = Object.fromEntries(new URLSearchParams(body));
      const genuine = createVerify('RSA-SHA256')
        .update(sorted(fields))
        .verify(alipay.alipayPublicKey, sign, 'base64');
      return { genuine, fields };
    },
  };
}

export function wechatMerchant({ wechat }: SandboxCredentials, baseUrl: string) {
  function genuine(header: (name: string) => string, body: string): boolean {
    const serial = header('wechatpay-serial');
    const key =
      serial === wechat.publicKeyId
        ? wechat.publicKey
        : new X509Certificate(wechat.platformCertificate).publicKey.export({ type: 'spki', format: 'pem' });
    const text = `${header('wechatpay-timestamp')}\n${header('wechatpay-nonce')}\n${body}\n`;
    return createVerify('RSA-SHA256').update(text).verify(key, header('wechatpay-signature'), 'base64');
  }
  return {
    async call(method: 'GET' | 'POST', path: string, json?: unknown, changes: Record<string, string> = {}) {
      const body = json === undefined ? '' : JSON.stringify(json);
      const timestamp = changes.timestamp ?? `${Math.floor(Date.now() / 1_000)}`;
      const nonce = randomBytes(16).toString('hex');
      const signature = createSign('RSA-SHA256')
        .update(`${method}\n${path}\n${timestamp}\n${nonce}\n${body}\n`)
        .sign(wechat.privateKey, 'base64');
      const response = await fetch(`${baseUrl}/wechat${path}`, {
        method,
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/json',
          'User-Agent': 'merchant',
          Authorization: `WECHATPAY2-SHA256-RSA2048 mchid="${wechat.mchid}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${wechat.merchantSerial}",signature="${signature}"`,
          ...(changes.serial === undefined ? {} : { 'Wechatpay-Serial': changes.serial }),
        },
        ...(body === '' ? {} : { body }),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const text = bytes.toString('utf8');
      const header = (name: string) => response.headers.get(name) ?? '';
      const data: Record<string, unknown> = text.startsWith('{') ? JSON.parse(text) : {};
      return {
        status: response.status,
        data,
        bytes,
        text,
        serial: header('wechatpay-serial'),
        genuine: header('wechatpay-signature') !== '' && genuine(header, text),
      };
    },
    async v2(path: string, fields: Record<string, string>, type: 'MD5' | 'HMAC-SHA256' = 'MD5') {
      const params: Record<string, string> = {
        appid: wechat.appid,
        mch_id: wechat.mchid,
        nonce_str: randomBytes(12).toString('hex'),
        sign_type: type,
        ...fields,
      };
      const sign = (values: Record<string, string>) => {
        const text = `${Object.keys(values)
          .filter((key) => key !== 'sign' && values[key] !== '')
          .sort()
          .map((key) => `${key}=${values[key]}`)
          .join('&')}&key=${wechat.apiV2Key}`;
        const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', wechat.apiV2Key);
        return hash.update(text).digest('hex').toUpperCase();
      };
      const xml = Object.entries({ sign: sign(params), ...params })
        .map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`)
        .join('');
      const response = await fetch(`${baseUrl}/wechat${path}`, { method: 'POST', body: `<xml>${xml}</xml>` });
      const text = await response.text();
      const answer = Object.fromEntries(
        [...text.matchAll(/<(\w+)><!\[CDATA\[(.*?)\]\]><\/\1>/gs)].map((match) => [
          match[1] ?? '',
          match[2] ?? '',
        ]),
      );
      return { text, answer, genuine: answer.sign !== undefined && answer.sign === sign(answer) };
    },
    readNotification({ headers, body }: Received) {
      const header = (name: string) => String(headers[name] ?? '');
      const message: {
        event_type: string;
        resource: { nonce: string; associated_data: string; ciphertext: string };
      } = JSON.parse(body);
      const sealed = Buffer.from(message.resource.ciphertext, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', wechat.apiV3Key, message.resource.nonce);
      decipher.setAAD(Buffer.from(message.resource.associated_data));
      decipher.setAuthTag(sealed.subarray(-16));
      const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString(
        'utf8',
      );
      const resource: Record<string, unknown> = JSON.parse(plain);
      return { genuine: genuine(header, body), event: message.event_type, resource };
    },
  };
}
