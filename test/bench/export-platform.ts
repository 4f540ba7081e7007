import { access } from '@hospital-pay/access';
import { reconciliation } from '@hospital-pay/reconciliation';
import { startPlatform } from '../harness/platform';
import { measure } from './export-measure';
import { bePart } from './processes';

/** The platform with many orders of a past year, and a finance clerk who exports them. */
async function main(): Promise<void> {
  const { BENCH_DATABASE = '', BENCH_ROWS = '' } = process.env;
  const isPostgres = BENCH_DATABASE === 'postgres';
  const platform = await startPlatform({ database: isPostgres ? 'postgres' : 'sqlite' });
  const strapi = platform.strapi();
  const { accounts } = access(strapi);
  await accounts.create({
    username: 'clerk',
    password: 'Hospital@2026',
    displayName: 'clerk',
    roles: ['finance'],
    merchantCodes: null,
  });
  // A second apart each.
  const at = isPostgres ? "timestamp '2018-01-01' + i * interval '1 second'" : '1514764800000 + i * 1000';
  await strapi.db.connection.raw(
    `INSERT INTO orders (document_id, order_no, merchant_order_no, merchant_code, created_time, recon_state, pay_type,
       status, amount_fen, paid_fen, his_charged_fen, refunded_fen, his_refunded_fen, subject, patient_name, currency)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Number(BENCH_ROWS)})
     SELECT 'bench' || i, '20181018214233' || (1000000000 + i), 'M' || i, 'H001', ${at}, 'normal',
       CASE i % 2 WHEN 0 THEN 'alipay' ELSE 'wechat' END, 'paid', 100 + i % 90000, 100 + i % 90000, 100 + i % 90000,
       0, 0, '门诊缴费-内科', '张三丰', 'CNY' FROM n`,
  );
  await strapi.db.connection.raw('ANALYZE');
  const row = await accounts.byUsername('clerk');
  if (!row) throw new Error('the clerk has gone');
  const account = await accounts.signedIn(row);
  const { exports } = reconciliation(strapi);

  bePart(
    { url: platform.url },
    (format) =>
      measure(async () => {
        const asked = {
          code: 'order',
          format: format === 'csv' ? 'csv' : 'xlsx',
          language: 'zh',
          question: {},
        } as const;
        const { exportNo } = await exports.request(asked, account);
        for (;;) {
          const { status, rowsDone, bytes, error } = await exports.get(exportNo, account);
          if (status === 'done') return { rows: rowsDone, bytes: bytes ?? 0 };
          if (status !== 'queued' && status !== 'running') throw new Error(`${status} ${error?.code ?? ''}`);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }),
    () => platform.stop(),
  );
}

void main();
