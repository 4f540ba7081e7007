import type { PlatformError } from '@hospital-pay/errors';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { createHisBills } from './bills';
import { fail, type HisErrorCode, hisErrors } from './errors';
import { his, provideHis } from './index';
import { hisOpenApi } from './openapi';
import { createHisRecords, largestBatch, type RowResult } from './records';
import { createConfirmationSender } from './sender';

const batchBody = z.object({ records: z.array(z.unknown()).min(1).max(largestBatch) }).strict();

const isHisError = (code: string): code is HisErrorCode => Object.hasOwn(hisErrors, code);

/** A bad single record is a bad request; in a batch it is one line of the answer. */
function refused(result: Extract<RowResult, { result: 'error' }>): PlatformError {
  const { code, fields } = result.error;
  return fail(isHisError(code) ? code : 'HIS_RECORD_INVALID', fields ? { fields } : {});
}

/** Production refuses to talk to HIS under a secret that everybody knows. */
function sharedSecret(): string {
  const secret = process.env.HIS_SECRET;
  if (secret) return secret;
  if (process.env.NODE_ENV === 'production') {
    throw new Error('HIS_SECRET is missing (HIS签名密钥未配置): set it to the secret agreed with HIS');
  }
  return 'his-sandbox-secret';
}

const records = ({ strapi }: { strapi: Core.Strapi }) => ({
  async put(ctx: Context) {
    const app = await payments(strapi).applications.authenticate(ctx, 'his:write');
    const result = await his(strapi).records.put(app.merchantCode, ctx.request.body);
    if (result.result === 'error') throw refused(result);
    ctx.status = result.result === 'created' ? 201 : 200;
    ctx.body = result;
  },

  async putBatch(ctx: Context) {
    const app = await payments(strapi).applications.authenticate(ctx, 'his:write');
    const body = batchBody.safeParse(ctx.request.body);
    if (!body.success) throw fail('HIS_BATCH_INVALID');
    const results = await his(strapi).records.putBatch(app.merchantCode, body.data.records);
    const counts = { created: 0, updated: 0, unchanged: 0, error: 0 };
    for (const { result } of results) counts[result] += 1;
    ctx.status = 200;
    ctx.body = { results, counts };
  },
});

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    const { clock, events, grace, outbox, openapi } = payments(strapi);
    const db = strapi.db.connection;
    const secret = sharedSecret();
    const hisUrlOf = async (merchantCode: string) => {
      const row: unknown = await db('merchants').where({ code: merchantCode }).first('his_url');
      return z.object({ his_url: z.string().nullable() }).safeParse(row).data?.his_url ?? null;
    };
    provideHis(strapi, {
      records: createHisRecords(db, clock, events, grace),
      bills: createHisBills({ secret, clock, events, hisUrlOf }),
    });
    const sender = createConfirmationSender({ secret, clock, events, hisUrlOf });
    outbox.handle('his.confirm', sender.confirm);
    openapi.add(hisOpenApi);
  },
  controllers: { records },
  routes: {
    open: {
      type: 'content-api',
      prefix: '',
      routes: [
        { method: 'POST', path: '/v1/his-records', handler: 'records.put', config: { auth: false } },
        {
          method: 'POST',
          path: '/v1/his-records/batch',
          handler: 'records.putBatch',
          config: { auth: false },
        },
      ],
    },
  },
};
