import { readFile } from 'node:fs/promises';
import type { ChannelDriver, ChannelManifest } from '@hospital-pay/payments';
import { payments, registerChannel } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';

export const accountCode = 'bench-1';
export const channel = 'bench';

/** A channel whose bill is a file of ours, read by the reader of the channel that has this format. */
export async function openDayChannel(
  strapi: Core.Strapi,
  format: ChannelManifest,
  file: string,
  merchantCode: string,
): Promise<void> {
  const never = () => Promise.reject(new Error('not offered'));
  const driver: ChannelDriver = {
    pay: never,
    query: never,
    test: () => Promise.resolve({ ok: true }),
    bill: async () => ({
      kind: 'ready',
      file: { name: file, bytes: await readFile(file) },
      totals: undefined,
      lines: () => {
        throw new Error('read by its reader');
      },
    }),
  };
  const config: ChannelManifest['config'] = { type: 'object', required: [], properties: {} };
  registerChannel(strapi, { ...format, code: channel, config, connect: () => driver });
  await payments(strapi).accounts.save({
    code: accountCode,
    name: '对账基准',
    channel,
    merchantCode,
    config: {},
    enabled: true,
  });
}
