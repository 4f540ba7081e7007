import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AwsClient } from 'aws4fetch';
import { z } from 'zod';
import { type ArchiveStorage, TakenByOther, writeNew } from './storage';

/** How an S3-compatible store is reached; every value is a variable of the environment, `S3_…`. */
export const s3Environment = z.object({
  S3_ENDPOINT: z.url(),
  S3_BUCKET: z.string().min(3),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().min(1),
  S3_SECRET_ACCESS_KEY: z.string().min(1),
  /** `true`: endpoint/bucket/name; `false`: bucket.endpoint/name. */
  S3_PATH_STYLE: z.enum(['true', 'false']).default('true'),
  /** Names in the bucket begin with this. */
  S3_PREFIX: z.string().default(''),
});
export type S3Environment = z.output<typeof s3Environment>;

/** The error of a store that cannot be reached, as whoever keeps files there wants it. */
export type Away = (message: string, cause?: unknown) => Error;

const callLimitMs = 120_000;

/**
 * Objects of a bucket, with `folder` as this machine's copy of what it has seen.
 */
export function s3Storage(settings: S3Environment, folder: string, away: Away): ArchiveStorage {
  const client = new AwsClient({
    accessKeyId: settings.S3_ACCESS_KEY_ID,
    secretAccessKey: settings.S3_SECRET_ACCESS_KEY,
    region: settings.S3_REGION,
    service: 's3',
    retries: 3,
  });
  const endpoint = new URL(settings.S3_ENDPOINT);
  const base =
    settings.S3_PATH_STYLE === 'true'
      ? `${endpoint.href.replace(/\/$/, '')}/${settings.S3_BUCKET}`
      : `${endpoint.protocol}//${settings.S3_BUCKET}.${endpoint.host}`;
  const place = (name: string): string => path.join(folder, name);

  async function call(
    method: 'GET' | 'PUT' | 'HEAD',
    name: string,
    body?: Buffer,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const key = `${settings.S3_PREFIX}${name.split(path.sep).join('/')}`;
    const url = `${base}/${key.split('/').map(encodeURIComponent).join('/')}`;
    const hash = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    try {
      return await client.fetch(url, {
        method,
        headers: { 'x-amz-content-sha256': hash, ...headers },
        signal: AbortSignal.timeout(callLimitMs),
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      });
    } catch (cause) {
      throw away(`the archive ${endpoint.host} cannot be reached`, cause);
    }
  }

  async function refused(response: Response, name: string): Promise<Error> {
    const said = /<Code>([^<]*)</.exec(await response.text().catch(() => ''))?.[1] ?? '';
    return away(`the archive answers ${response.status} ${said} to ${name}`);
  }

  async function fetched(name: string): Promise<Buffer | undefined> {
    const response = await call('GET', name);
    if (response.status === 404) return undefined;
    if (!response.ok) throw await refused(response, name);
    return Buffer.from(await response.arrayBuffer());
  }

  /** False when there is such an object. A store without conditional writes is asked before. */
  async function putNew(name: string, bytes: Buffer): Promise<boolean> {
    let response = await call('PUT', name, bytes, { 'if-none-match': '*' });
    if (response.status === 412 || response.status === 409) return false;
    if (response.status === 501 || response.status === 400) {
      const known = await call('HEAD', name);
      if (known.ok) return false;
      if (known.status !== 404) throw await refused(known, name);
      response = await call('PUT', name, bytes);
    }
    if (!response.ok) throw await refused(response, name);
    return true;
  }

  return {
    place,
    async keep(name, bytes) {
      if (!(await putNew(name, bytes)) && !(await fetched(name))?.equals(bytes)) throw new TakenByOther(name);
      await writeNew(place(name), bytes);
    },
    async find(name) {
      if (existsSync(place(name))) return place(name);
      const bytes = await fetched(name);
      if (bytes === undefined) return undefined;
      await writeNew(place(name), bytes);
      return place(name);
    },
    async publish(name) {
      await putNew(name, await readFile(place(name)));
    },
  };
}
