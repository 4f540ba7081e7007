import { manifest } from '@hospital-pay/channel-origami';
import type { BillReader } from '@hospital-pay/payments/contract';
import { expect, test } from '@jest/globals';
import { linesOf } from './desk';

const { openBill }: { openBill: BillReader } = require(manifest.billReader ?? '');

test('Origami Pay has ended: no scene and no verb is offered, whatever is asked is refused here', async () => {
  expect([manifest.scenes, manifest.verbs]).toEqual([[], []]);
  const driver = manifest.connect(
    {},
    { now: () => new Date(), notifyUrl: '', timeoutMs: 1, record: () => undefined },
  );
  expect(Object.keys(driver).sort()).toEqual(['pay', 'query', 'test']);
  expect(await driver.test()).toMatchObject({ ok: false, code: 'CHANNEL_ENDED' });
});

test('an old bill is read by the headings that the account names', async () => {
  const file = Buffer.from(
    'no,tx,yen,at\nO1,T1,"1,980",2020/03/01 09:00:00\nO1,T1,-980,2020/03/02 10:00:00\n',
  );
  const config = {
    billOrderNo: 'no',
    billChannelNo: 'tx',
    billAmount: 'yen',
    billTime: 'at',
    billEncoding: 'utf-8',
  };
  expect(await linesOf(await openBill(file, { date: '2020-03-01', config }))).toMatchObject([
    { kind: 'payment', amountFen: 1980, settledOn: '2020-03-01' },
    { kind: 'refund', amountFen: 980 },
  ]);
  await expect(linesOf(await openBill(file, { date: '2020-03-01', config: {} }))).rejects.toMatchObject({
    code: 'COLUMNS',
  });
});
