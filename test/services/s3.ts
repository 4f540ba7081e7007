import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A store that speaks S3 as far as an archive needs it: PUT, GET and HEAD, every request signed (SigV4), path style. */
export interface S3Server {
  /** What the platform is told in its environment. */
  environment: Record<string, string>;
  objects: Map<string, Buffer>;
  /** Requests that were refused, by their code. */
  refused: string[];
  /** Answers 503 to everything while true. */
  setDown(isDown: boolean): void;
  close(): Promise<void>;
}

const accessKeyId = 'AKIATEST';
const secretAccessKey = 'a-secret/with+signs=';
const region = 'cn-north-1';
const bucket = 'bills';

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();

/** Why a request is not to be believed; undefined when it is. As AWS describes Signature Version 4 for S3. */
function doubt(request: IncomingMessage, body: Buffer): string | undefined {
  const header = (name: string): string => String(request.headers[name] ?? '');
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      header('authorization'),
    );
  if (!match) return 'AccessDenied';
  const [, key, day = '', area = '', signedHeaders = '', signature = ''] = match;
  if (key !== accessKeyId) return 'InvalidAccessKeyId';
  if (area !== region) return 'AuthorizationHeaderMalformed';
  const time = header('x-amz-date');
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!time.startsWith(day) || !(Math.abs(Date.now() - at) < 15 * 60_000)) return 'RequestTimeTooSkewed';
  if (header('x-amz-content-sha256') !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const names = signedHeaders.split(';');
  if (!names.includes('host') || !names.includes('x-amz-content-sha256')) return 'SignatureDoesNotMatch';
  const url = new URL(request.url ?? '/', 'http://host');
  const canonical = [
    request.method,
    url.pathname,
    url.search.slice(1),
    ...names.map((name) => `${name}:${header(name).trim().replace(/\s+/g, ' ')}`),
    '',
    signedHeaders,
    header('x-amz-content-sha256'),
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const signing = ['s3', 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(hmac(`AWS4${secretAccessKey}`, day), region),
  );
  const expected = hmac(signing, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n'));
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? undefined : 'SignatureDoesNotMatch';
}

/** `conditional: false` is a store that does not know If-None-Match on writes, as older ones. */
export async function startS3({ conditional = true } = {}): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const refused: string[] = [];
  let down = false;

  interface Reply {
    status: number;
    code?: string;
    body?: Buffer;
  }

  function replyTo(request: IncomingMessage, body: Buffer): Reply {
    if (down) return { status: 503, code: 'ServiceUnavailable' };
    const doubted = doubt(request, body);
    if (doubted !== undefined) return { status: 403, code: doubted };
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const [, asked, ...rest] = decodeURIComponent(pathname).split('/');
    if (asked !== bucket) return { status: 404, code: 'NoSuchBucket' };
    const name = rest.join('/');
    const found = objects.get(name);
    switch (request.method) {
      case 'PUT':
        if (request.headers['if-none-match'] !== undefined) {
          if (!conditional) return { status: 501, code: 'NotImplemented' };
          if (found) return { status: 412, code: 'PreconditionFailed' };
        }
        objects.set(name, body);
        return { status: 200 };
      case 'GET':
      case 'HEAD':
        return found ? { status: 200, body: found } : { status: 404, code: 'NoSuchKey' };
      default:
        return { status: 405, code: 'MethodNotAllowed' };
    }
  }

  function answer(request: IncomingMessage, sent: Buffer, response: ServerResponse): void {
    const {
      status,
      code,
      body = Buffer.from(code ? `<Error><Code>${code}</Code></Error>` : ''),
    } = replyTo(request, sent);
    if (code) refused.push(code);
    response.writeHead(status, { 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    environment: {
      S3_ENDPOINT: `http://127.0.0.1:${address.port}`,
      S3_BUCKET: bucket,
      S3_REGION: region,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
      S3_PATH_STYLE: 'true',
      S3_PREFIX: 'hospital/',
    },
    objects,
    refused,
    setDown(isDown) {
      down = isDown;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
