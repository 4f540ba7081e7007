import { createDecipheriv } from 'node:crypto';

const tagLength = 16;

export interface EncryptedResource {
  ciphertext: string;
  nonce: string;
  associated_data?: string | undefined;
}

/**
 * Decrypts a notification resource or a platform certificate.
 * `final()` is what checks the tag: without it a tampered text would be handed out as if it were WeChat's.
 * @throws Error when key, nonce, associated data or a single bit of the text differ.
 */
export function decryptResource(key: Buffer, resource: EncryptedResource): string {
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  if (sealed.length < tagLength) throw new Error('ciphertext shorter than its tag');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(resource.nonce, 'utf8'), {
    authTagLength: tagLength,
  });
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
  decipher.setAAD(Buffer.from(resource.associated_data ?? '', 'utf8'));
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagLength));
  return Buffer.concat([plain, decipher.final()]).toString('utf8');
}
