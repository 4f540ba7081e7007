import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { manifest as alipay } from '@hospital-pay/channel-alipay';
import { reconciliation } from '@hospital-pay/reconciliation';
import { demoCredentials } from '@hospital-pay/sandbox';
import { merchantCode, startHospital } from '../harness/hospital';
import { bePart } from './processes';
import { dayOf, finished, writeDayBill } from './reconcile';
import { accountCode, channel, openDayChannel } from './reconcile/day-channel';
import { fillDay } from './reconcile/fill';

/** The platform with a long day behind it, in a process of its own; asked to, it reconciles that day. */
async function main(): Promise<void> {
  const { GATEWAY_URL = '', CREDENTIALS = '', DATABASE_URL = '', ORDERS = '' } = process.env;
  const credentials = demoCredentials(CREDENTIALS);
  const day = dayOf(Number(ORDERS));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-bench-'));
  const file = path.join(folder, 'bill.zip');
  await writeDayBill(day, 'alipay', file);
  const hospital = await startHospital({
    database: DATABASE_URL ? 'postgres' : 'sqlite',
    gateways: { url: GATEWAY_URL, credentials },
    merchant: { graceSeconds: 120 },
    env: { HIS_SECRET: credentials.his.secret },
    prepare: (strapi) => openDayChannel(strapi, alipay, file, merchantCode),
  });
  await fillDay(hospital.strapi().db.connection, day, accountCode, channel);
  bePart(
    { url: hospital.url, appId: hospital.application.appId, secret: hospital.application.secret },
    async () => {
      const { runs } = reconciliation(hospital.strapi());
      const [run] = await runs.request({ date: day.date, accountCode, requestedBy: 'bench' });
      const { status, errorCode, errorMessage } = await finished(runs, run?.runNo ?? '');
      return status === 'done' ? status : `${status}: ${errorCode} ${errorMessage}`;
    },
    async () => {
      await hospital.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  );
}

void main();
