import { readdirSync } from 'node:fs';
import path from 'node:path';
import { BillError } from '@hospital-pay/payments';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { summaryReport } from './export/figures-reports';
import { type Books, bill, date, noon, openBooks } from './testing';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(() => books.close());

const orderState = async (orderNo: string) => books.db('orders').where({ order_no: orderNo }).first();
const minutes = (count: number) => new Date(books.clock.now().getTime() + count * 60_000);

describe('comparison in real time', () => {
  test('a payment waits for HIS, becomes one-sided after its grace period, and heals when HIS comes', async () => {
    await books.pay('1', 1999, { dueReconAt: minutes(2) });
    await books.realtime.order('1');
    expect(await orderState('1')).toMatchObject({ recon_state: 'waiting', anomalies: null });
    expect(await books.cases()).toEqual([]);

    await books.clock.advance(121_000);
    expect(await books.realtime.sweep()).toBe(1);
    expect(await orderState('1')).toMatchObject({
      recon_state: 'abnormal',
      anomalies: '["charge_differs"]',
      due_recon_at: null,
    });
    const [open] = await books.cases();
    expect(open).toMatchObject({
      status: 'open',
      kind: 'platform_only',
      source: 'realtime',
      platform_fen: 1999,
      his_fen: 0,
      difference_fen: -1999,
      patient_name: '王小明',
      card_no: '0003276083',
      date,
    });
    expect(books.alarms).toHaveLength(1);

    await books.book('h1', '1', 1999);
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1' }]);
    expect(await orderState('1')).toMatchObject({ recon_state: 'normal', his_charged_fen: 1999 });
    expect(await books.cases()).toMatchObject([{ status: 'void', resolution: 'healed' }]);
    expect(await books.realtime.sweep()).toBe(0);
  });

  test('comparing again changes nothing and raises no second alarm', async () => {
    await books.pay('1', 1999);
    await books.realtime.order('1');
    const before = [await orderState('1'), await books.cases()];
    await books.clock.advance(60_000);
    await books.realtime.order('1');
    expect([await orderState('1'), await books.cases()]).toEqual(before);
    expect(books.alarms).toHaveLength(1);
  });

  test('many orders compared together end as they do one by one', async () => {
    for (const orderNo of ['1', '2', '3']) await books.pay(orderNo, 1999);
    await books.book('h2', '2', 1999);
    await books.realtime.orders(['3', '1', '2', 'nobody']);
    expect(await books.db('orders').orderBy('order_no').pluck('recon_state')).toEqual([
      'abnormal',
      'normal',
      'abnormal',
    ]);
    const [cases, alarms] = [await books.cases(), books.alarms.length];
    expect(cases).toMatchObject([{ order_no: '1' }, { order_no: '3' }]);
    for (const orderNo of ['1', '2', '3']) await books.realtime.order(orderNo);
    expect([await books.cases(), books.alarms.length]).toEqual([cases, alarms]);
  });

  test('a charge that no order stands for is one-sided until its order appears', async () => {
    await books.book('428661561', 'X9', 50000, {
      dueReconAt: minutes(2),
      bizType: '自助机门诊',
      patientName: '李四',
      cardNo: '0003276083',
    });
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: '428661561' }]);
    expect(await books.cases()).toEqual([]);
    await books.clock.advance(121_000);
    await books.realtime.sweep();
    expect(await books.cases()).toMatchObject([
      {
        kind: 'his_only',
        his_fen: 50000,
        difference_fen: 50000,
        biz_type: '自助机门诊',
        order_no: 'X9',
        status: 'open',
      },
    ]);
    await books.pay('1', 50000, { merchantOrderNo: 'X9' });
    await books.realtime.order('1');
    expect(await books.cases()).toMatchObject([{ status: 'void' }]);
    expect(await orderState('1')).toMatchObject({ recon_state: 'normal' });
  });

  test('a refund that only HIS booked has negative amounts', async () => {
    await books.pay('1', 1000);
    await books.book('h1', '1', 1000);
    await books.book('h2', '1', 731, { kind: 'refund' });
    await books.realtime.order('1');
    expect(await books.cases()).toMatchObject([
      { trade_kind: 'refund', kind: 'his_only', platform_fen: 0, his_fen: -731, difference_fen: -731 },
    ]);
  });

  test('a one-sided payment that finance gives back in full is resolved as an online refund', async () => {
    await books.pay('1', 13000);
    await books.realtime.order('1');
    await books.refund('r1', '1', 13000);
    await books.db('orders').where({ order_no: '1' }).update({ status: 'refunded' });
    await books.realtime.order('1');
    expect(await orderState('1')).toMatchObject({
      recon_state: 'abnormal',
      anomalies: '["charge_differs","refund_differs"]',
    });
    expect(await books.cases()).toMatchObject([
      { status: 'resolved', resolution: 'online_refund', resolution_fen: 13000, resolved_by: 'finance' },
    ]);
  });

  test('a voided record no longer counts', async () => {
    await books.pay('1', 1000);
    await books.book('h1', '1', 1000);
    await books.realtime.order('1');
    await books.db('his_records').update({ status: 'voided' });
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1' }]);
    expect(await orderState('1')).toMatchObject({ recon_state: 'abnormal', his_charged_fen: 0 });
  });

  test('what HIS changes after a difference was written off is a case of its own, and heals with it', async () => {
    await books.pay('1', 10000);
    await books.book('h1', '1', 6000);
    await books.realtime.order('1');
    const decided = { status: 'resolved', resolution: 'write_off', resolved_by: 'finance' };
    await books.db('discrepancies').update({ ...decided, resolution_fen: 4000, touched_at: noon.getTime() });
    const correct = async (change: object) => {
      await books.db('his_records').where({ his_serial_no: 'h1' }).update(change);
      await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1' }]);
    };
    const [first, ...others] = [await books.cases(), books.alarms.length];
    await books.realtime.order('1');
    expect([await books.cases(), books.alarms.length]).toEqual([first, ...others]);
    await correct({ status: 'voided' });
    expect(await books.cases()).toMatchObject([
      { ...decided, platform_fen: 10000, his_fen: 6000, difference_fen: -4000 },
      { status: 'open', kind: 'amount', platform_fen: 0, his_fen: -6000, difference_fen: -6000 },
    ]);
    expect(books.alarms).toHaveLength(2);
    await correct({ status: 'booked', amount_fen: 5000 });
    expect(await books.cases()).toMatchObject([decided, { status: 'open', difference_fen: -1000 }]);
    await correct({ amount_fen: 6000 });
    expect(await books.cases()).toMatchObject([decided, { status: 'void', resolution: 'healed' }]);
    await correct({ amount_fen: 7000 });
    expect(await books.cases()).toMatchObject([decided, { status: 'open', difference_fen: 1000 }]);
    await correct({ amount_fen: 10000 });
    expect(await books.cases()).toMatchObject([decided, { status: 'void', resolution: 'healed' }]);
  });

  test('HIS supplements another amount than was agreed on: what is missing is a case', async () => {
    await books.pay('1', 10000);
    await books.realtime.order('1');
    const agreed = { status: 'resolved', resolution: 'his_supplement', resolved_by: 'finance' };
    await books.db('discrepancies').update(agreed);
    await books.realtime.order('1');
    expect(await books.cases()).toMatchObject([agreed]);
    await books.book('h1', '1', 9000);
    await books.realtime.order('1');
    expect(await books.cases()).toMatchObject([
      agreed,
      { status: 'open', platform_fen: 10000, his_fen: 9000, difference_fen: -1000 },
    ]);
  });

  test('a HIS bill of two accounts is compared account by account, as the run does', async () => {
    const one = { hisOrderNo: 'ZY-1' };
    await books.pay('cash', 3000, one);
    await books.pay('fund', 7000, { ...one, accountCode: 'A2' });
    await books.book('h1', 'cash', 2999, one);
    await books.book('h2', 'fund', 7001, one);
    for (const orderNo of ['cash', 'fund']) await books.realtime.order(orderNo);
    expect(await books.cases()).toMatchObject([
      { order_no: 'cash', status: 'open', difference_fen: -1 },
      { order_no: 'fund', status: 'open', difference_fen: 1 },
    ]);
  });

  test('a correction that moves a record to another order heals the one and fills the other', async () => {
    await books.pay('1', 1000);
    await books.pay('2', 1000);
    await books.book('h1', '1', 1000);
    await books.realtime.order('1');
    await books.realtime.order('2');
    await books.db('his_records').update({ order_no: '2' });
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1', formerOrderNo: '1' }]);
    expect(await orderState('1')).toMatchObject({ recon_state: 'abnormal' });
    expect(await orderState('2')).toMatchObject({ recon_state: 'normal' });
  });

  test('an anomaly that another room found stays', async () => {
    await books.pay('1', 1000, { anomalies: ['amount_tampered'], reconState: 'abnormal' });
    await books.book('h1', '1', 1000);
    await books.realtime.order('1');
    expect(await orderState('1')).toMatchObject({
      recon_state: 'abnormal',
      anomalies: '["amount_tampered"]',
    });
  });
});

describe('an order found abnormal', () => {
  test('stays so while its refund is new, with every reason at once', async () => {
    await books.pay('1', 1999);
    await books.realtime.order('1');
    await books.refund('r1', '1', 1999);
    await books.db('orders').update({
      status: 'refunded',
      due_recon_at: books.clock.now().getTime() + 120_000,
    });
    await books.realtime.order('1');
    const [order] = await books.db('orders');
    expect([order.recon_state, JSON.parse(order.anomalies)]).toEqual([
      'abnormal',
      ['charge_differs', 'refund_differs'],
    ]);
  });
});

describe('the daily run', () => {
  test('a day on which all sides agree leaves totals and no cases', async () => {
    await books.pay('1', 1999);
    await books.pay('2', 1234);
    await books.refund('r1', '2', 234);
    await books.book('h1', '1', 1999);
    await books.book('h2', 'M-2', 1234);
    await books.book('h3', '2', 234, { kind: 'refund' });
    books.bills.set(
      date,
      bill([
        { orderNo: 'A-1', amountFen: 1999, feeFen: 12 },
        { orderNo: 'A-2', amountFen: 1234, feeFen: 7 },
        { orderNo: 'A-2', amountFen: 234, kind: 'refund', refundNo: 'r1', feeFen: -1 },
      ]),
    );
    const run = await books.run();
    expect(run).toMatchObject({
      status: 'done',
      counts: { 'his.matched': 3, 'channel.matched': 3, bill: 'ready', differenceFen: 0 },
    });
    expect(await books.cases()).toEqual([]);
    expect(await books.db('daily_totals').first()).toMatchObject({
      date,
      pay_type: 'alipay',
      his_fen: 2999,
      platform_fen: 2999,
      channel_fen: 2999,
      fee_fen: 18,
      his_count: 3,
      platform_count: 3,
      channel_count: 3,
      difference_fen: 0,
    });
  });

  async function troubledDay(): Promise<void> {
    await books.pay('ok', 1000);
    await books.book('h-ok', 'ok', 1000);
    await books.pay('his-lacks', 1999);
    await books.pay('amount', 5000);
    await books.book('h-amount', 'amount', 4990);
    await books.pay('twice', 300);
    await books.book('h-twice-1', 'twice', 300);
    await books.book('h-twice-2', 'twice', 300);
    await books.pay('bill-lacks', 700);
    await books.book('h-bill-lacks', 'bill-lacks', 700);
    await books.book('h-stray', 'nobody', 50000);
    await books.pay('open', 0, {
      amountFen: 800,
      status: 'unknown',
      paidAt: null,
      settledOn: null,
      reconState: 'none',
    });
    await books.pay('closed', 0, {
      amountFen: 900,
      status: 'closed',
      paidAt: null,
      settledOn: null,
      reconState: 'none',
    });
    await books.pay('late', 600, { paidAt: new Date('2026-10-18T23:59:30+08:00') });
    await books.book('h-late', 'late', 600, {
      occurredAt: new Date('2026-10-19T00:00:20+08:00'),
      settledOn: '2026-10-19',
    });
    books.bills.set(
      date,
      bill([
        { orderNo: 'A-ok', amountFen: 1000 },
        { orderNo: 'A-his-lacks', amountFen: 1999 },
        { orderNo: 'A-amount', amountFen: 5000 },
        { orderNo: 'A-twice', amountFen: 300 },
        { orderNo: 'A-open', amountFen: 800 },
        { orderNo: 'A-closed', amountFen: 900 },
        { orderNo: 'foreign', amountFen: 4200 },
      ]),
    );
  }

  test('every injected difference is found by name, and nothing else', async () => {
    await troubledDay();
    const run = await books.run();
    expect(run.status).toBe('done');
    const found = (await books.cases()).map((row) => [
      row.dedupe_key,
      row.kind,
      row.status,
      row.difference_fen,
    ]);
    expect(found).toEqual([
      ['channel:H1:bill-lacks:payment', 'platform_only', 'open', -700],
      ['channel:H1:closed:payment', 'status', 'open', 900],
      ['channel:H1:foreign:payment', 'channel_only', 'open', 4200],
      ['channel:H1:late:payment:transit:2026-10-18', 'in_transit', 'open', -600],
      ['channel:H1:open:payment', 'channel_only', 'open', 800],
      ['his:H1:amount:payment', 'amount', 'open', -10],
      ['his:H1:his-lacks:payment', 'platform_only', 'open', -1999],
      ['his:H1:late:payment:transit:2026-10-18', 'in_transit', 'void', -600],
      ['his:H1:nobody:payment', 'his_only', 'open', 50000],
      ['his:H1:twice:payment', 'duplicate', 'open', 300],
    ]);
    expect(books.asked).toEqual(['open']);
  });

  test('a repeated run leaves every byte as it was', async () => {
    await troubledDay();
    await books.run();
    const snapshot = async () => [
      await books.cases(),
      await books.db('daily_totals'),
      await books.db('bill_archives'),
      await books.db('orders').orderBy('id'),
    ];
    const before = await snapshot();
    await books.clock.advance(3_600_000);
    expect((await books.run()).status).toBe('done');
    expect(await snapshot()).toEqual(before);
  });

  test('what a person has touched is not replaced', async () => {
    await troubledDay();
    await books.run();
    await books
      .db('discrepancies')
      .where({ dedupe_key: 'channel:H1:foreign:payment' })
      .update({ status: 'resolved', resolution: 'other', resolved_by: 'finance' });
    books.bills.set(date, bill([{ orderNo: 'A-ok', amountFen: 1000 }]));
    await books.run();
    const rows = await books.cases();
    expect(rows.find((row) => row.dedupe_key === 'channel:H1:foreign:payment')).toMatchObject({
      status: 'resolved',
      resolved_by: 'finance',
    });
    expect(rows.find((row) => row.dedupe_key === 'channel:H1:open:payment')).toBeUndefined();
  });

  test('the reasons of a day add up to its difference', async () => {
    await troubledDay();
    await books.run();
    const { reasons } = await books.figures.analysis(null, { date });
    const his = reasons
      .filter((reason) => reason.leg === 'his')
      .reduce((sum, reason) => sum + reason.differenceFen, 0);
    const summary = await books.figures.summary(null, { from: date, to: date });
    expect(his).toBe(summary.byType[0]?.differenceFen);
    expect(summary.byDay).toEqual([
      {
        date,
        payType: 'alipay',
        hisFen: 57290,
        platformFen: 9599,
        differenceFen: -47691,
        abnormalRefundFen: 0,
        live: false,
      },
    ]);
  });

  test('the next day’s bill settles what was on its way', async () => {
    await books.pay('late', 600, { paidAt: new Date('2026-10-18T23:59:30+08:00') });
    await books.book('h1', 'late', 600);
    await books.run();
    expect(await books.cases()).toMatchObject([{ kind: 'in_transit', status: 'open' }]);
    books.clock.set(new Date('2026-10-20T12:00:00+08:00'));
    books.bills.set('2026-10-19', bill([{ orderNo: 'A-late', amountFen: 600 }]));
    await books.run('2026-10-19');
    const again = await books.db('reconciliation_runs').where({ date, status: 'queued' }).first();
    await books.runs.execute(again.run_no);
    const rows = await books.cases();
    expect(rows.map((row) => [row.dedupe_key, row.status, row.difference_fen])).toEqual([
      ['channel:H1:late:payment:transit:2026-10-18', 'void', -600],
      ['channel:H1:late:payment:transit:2026-10-19', 'void', 600],
    ]);
  });

  test('a payment on its way that the next bill does not hold is missing', async () => {
    await books.pay('late', 600, { paidAt: new Date('2026-10-18T23:59:30+08:00') });
    await books.book('h1', 'late', 600);
    await books.run();
    books.clock.set(new Date('2026-10-20T12:00:00+08:00'));
    books.bills.set('2026-10-19', bill([{ orderNo: 'foreign', amountFen: 1 }]));
    await books.run('2026-10-19');
    await books.run();
    expect((await books.cases()).map((row) => row.dedupe_key)).toEqual([
      'channel:H1:foreign:payment',
      'channel:H1:late:payment',
    ]);
  });

  test('a payment that its channel reports two days late waits for it, and both days agree in the end', async () => {
    await books.add('reconciliation_rules', {
      name: 'T+2',
      enabled: true,
      channel: 'alipay',
      suspenseDays: 2,
    });
    await books.pay('slow', 600);
    await books.book('h1', 'slow', 600);
    await books.pay('lost', 700);
    await books.book('h2', 'lost', 700);
    const told = async () =>
      (await books.cases()).map((row) => [row.date, row.order_no, row.kind, row.status, row.difference_fen]);
    const runQueued = async () => {
      for (;;) {
        const queued = await books.db('reconciliation_runs').where({ status: 'queued' }).first();
        if (!queued) return;
        await books.runs.execute(queued.run_no);
      }
    };
    await books.run();
    expect(await told()).toEqual([
      [date, 'lost', 'in_transit', 'open', -700],
      [date, 'slow', 'in_transit', 'open', -600],
    ]);

    books.clock.set(new Date('2026-10-20T12:00:00+08:00'));
    await books.run('2026-10-19');
    await runQueued();
    expect((await told()).map(([, orderNo, kind]) => [orderNo, kind])).toEqual([
      ['lost', 'platform_only'],
      ['slow', 'platform_only'],
    ]);

    books.clock.set(new Date('2026-10-21T12:00:00+08:00'));
    books.bills.set('2026-10-20', bill([{ orderNo: 'A-slow', amountFen: 600 }]));
    await books.run('2026-10-20');
    await runQueued();
    expect(await told()).toEqual([
      [date, 'lost', 'platform_only', 'open', -700],
      [date, 'slow', 'in_transit', 'void', -600],
      ['2026-10-20', 'slow', 'in_transit', 'void', 600],
    ]);
    const days = await books.db('daily_totals').orderBy('date').pluck('channel_fen');
    expect(days).toEqual([0, 0, 600]);
  });

  test.each(['dies', 'fails'])(
    'a run that %s once it has written and is repeated settles the day around all the same',
    async (how) => {
      const next = '2026-10-19';
      const at = new Date('2026-10-19T00:00:30+08:00');
      await books.pay('early', 600, { settledOn: next, paidAt: at });
      await books.book('h1', 'early', 600, { settledOn: next, occurredAt: at });
      books.clock.set(new Date('2026-10-20T12:00:00+08:00'));
      await books.run(next);
      const told = async () => (await books.cases()).map((row) => [row.date, row.kind, row.status]);
      expect(await told()).toEqual([[next, 'platform_only', 'open']]);

      books.bills.set(date, bill([{ orderNo: 'A-early', amountFen: 600 }]));
      const [first] = await books.runs.request({ date, accountCode: 'A1', requestedBy: 'finance' });
      const runNo = first?.runNo ?? '';
      await books.db.raw(
        `CREATE TRIGGER power_cut BEFORE INSERT ON reconciliation_runs BEGIN SELECT RAISE(ABORT, 'power cut'); END`,
      );
      expect((await books.runs.execute(runNo)).status).toBe('failed');
      await books.db.raw('DROP TRIGGER power_cut');
      expect(await told()).toContainEqual([date, 'in_transit', 'void']);
      const isWaiting = { date: next, status: 'queued' };
      expect(await books.db('reconciliation_runs').where(isWaiting)).toEqual([]);

      if (how === 'dies') {
        const asItStood = { status: 'writing', finished_at: null };
        await books.db('reconciliation_runs').where({ run_no: runNo }).update(asItStood);
        await books.clock.advance(3 * 60_000);
        await books.runs.sweep();
      }
      const again = how === 'dies' ? await books.runs.execute(runNo) : await books.run();
      expect(again.status).toBe('done');
      const around = await books.db('reconciliation_runs').where(isWaiting).first();
      await books.runs.execute(around.run_no);
      expect((await told()).map(([, kind, status]) => [kind, status])).toEqual([
        ['in_transit', 'void'],
        ['in_transit', 'void'],
      ]);
      await books.clock.advance(1000);
      for (const day of [date, next, date]) await books.run(day);
      expect(await books.db('reconciliation_runs').where({ status: 'queued' })).toEqual([]);
    },
  );

  test('several payments that HIS books as one bill agree, at once and in the run; a correction undoes it', async () => {
    const one = { hisOrderNo: 'ZY-1' };
    await books.pay('1', 1000, one);
    await books.pay('2', 2000, one);
    for (const orderNo of ['1', '2']) await books.realtime.order(orderNo);
    const states = async () =>
      Promise.all(
        ['1', '2'].map(async (orderNo) => {
          const { recon_state, his_charged_fen } = await orderState(orderNo);
          return [recon_state, his_charged_fen];
        }),
      );
    const open = async () => (await books.cases()).filter((row) => row.status === 'open');
    expect(await states()).toEqual([
      ['abnormal', 0],
      ['abnormal', 0],
    ]);

    for (const orderNo of ['1', null]) {
      await books.book(`h-${orderNo}`, orderNo, 3000, one);
      const news = [{ merchantCode: 'H1', hisSerialNo: `h-${orderNo}` }];
      await books.realtime.hisRecords(news);
      expect(await states()).toEqual([
        ['normal', 1000],
        ['normal', 2000],
      ]);
      expect(await open()).toEqual([]);
      books.bills.set(
        date,
        bill([
          { orderNo: 'A-1', amountFen: 1000 },
          { orderNo: 'A-2', amountFen: 2000 },
        ]),
      );
      const run = await books.run();
      expect(run.counts).toMatchObject({
        'his.split': 1,
        'channel.matched': 2,
        hisFen: 3000,
        differenceFen: 0,
      });
      expect(await open()).toEqual([]);

      await books.db('his_records').update({ status: 'voided' });
      await books.realtime.hisRecords(news);
      expect(await states()).toEqual([
        ['abnormal', 0],
        ['abnormal', 0],
      ]);
      expect((await open()).map((row) => row.difference_fen)).toEqual([-1000, -2000]);
      expect((await books.run()).counts).toMatchObject({ 'his.platform_only': 2 });
      expect(await open()).toHaveLength(2);
    }
  });

  test('what differs in one order on two days is two cases, whichever day runs again', async () => {
    const next = '2026-10-19';
    await books.clock.advance(2 * 86_400_000);
    await books.pay('1', 10000);
    await books.book('h1', '1', 10000);
    const refundLine = (refundNo: string, amountFen: number, lineNo: number) => ({
      orderNo: 'A-1',
      refundNo,
      kind: 'refund' as const,
      amountFen,
      lineNo,
    });
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 10000 }, refundLine('P1', 2000, 2)]));
    const settledOn = next;
    books.bills.set(next, bill([{ ...refundLine('P2', 3000, 1), settledOn }]));
    for (const day of [date, next, date, next]) await books.run(day);
    const told = async () =>
      (await books.cases()).map((row) => [row.date, row.status, row.difference_fen]).toSorted();
    const both = [
      [date, 'open', -2000],
      [next, 'open', -3000],
    ];
    expect(await told()).toEqual(both);
    const decided = { status: 'resolved', resolution: 'write_off', resolved_by: 'finance' };
    await books.db('discrepancies').where({ date }).update(decided);
    for (const day of [date, next]) await books.run(day);
    expect(await told()).toEqual([[date, 'resolved', -2000], both[1]]);
  });

  test('a refund whose line stands in the next day’s bill agrees there, though HIS knows nothing of its order', async () => {
    const next = '2026-10-19';
    await books.clock.advance(2 * 86_400_000);
    await books.pay('1', 10000, { settledOn: '2026-10-14', status: 'refunded' });
    await books.refund('r1', '1', 10000);
    const line = { orderNo: 'A-1', refundNo: 'r1', kind: 'refund' as const, amountFen: 10000 };
    books.bills.set(next, bill([{ ...line, settledOn: next }]));
    for (const day of [date, next, date]) await books.run(day);
    const inBill = (await books.cases()).filter((row) => row.leg === 'channel');
    expect(inBill.map((row) => [row.kind, row.status])).toEqual([
      ['in_transit', 'void'],
      ['in_transit', 'void'],
    ]);
  });

  test('a bill that is none binds nobody: a payment and a stranger’s charge stay two cases', async () => {
    const none = { hisOrderNo: '0', businessNo: '-' };
    await books.pay('1', 1000, none);
    await books.realtime.order('1');
    await books.book('h1', null, 1000, { hisOrderNo: '0' });
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1' }]);
    const open = async () =>
      (await books.cases())
        .filter((row) => row.status === 'open')
        .map((row) => row.kind)
        .sort();
    expect(await open()).toEqual(['his_only', 'platform_only']);
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 1000 }]));
    expect((await books.run()).counts).toMatchObject({ 'his.his_only': 1, 'his.platform_only': 1 });
    expect(await open()).toEqual(['his_only', 'platform_only']);
  });

  test('several records of one payment agree, or are a case to confirm where the rule says so', async () => {
    await books.pay('1', 1000, { businessNo: 'MZ-1' });
    await books.book('h1', null, 400, { channelTradeNo: 'T-1' });
    await books.book('h2', 'M-1', 350);
    await books.book('h3', null, 250, { hisOrderNo: 'MZ-1' });
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 1000 }]));
    const counts = async () => (await books.run()).counts;
    expect(await counts()).toMatchObject({ 'his.split': 1, differenceFen: 0 });
    expect(await books.cases()).toEqual([]);
    await books.db('his_records').where({ his_serial_no: 'h3' }).update({ order_no: '1' });
    await books.add('reconciliation_rules', { name: '逐笔', enabled: true, manyToOne: 'no' });
    expect(await counts()).toMatchObject({ 'his.split': 1, differenceFen: 0 });
    expect(await books.cases()).toMatchObject([{ kind: 'split', status: 'open', difference_fen: 0 }]);
  });

  test('what HIS corrects after the run is told by the next one, and no difference stands twice', async () => {
    await troubledDay();
    await books.run();
    const correct = async (hisSerialNo: string, change: object) => {
      await books.db('his_records').where({ his_serial_no: hisSerialNo }).update(change);
      await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo }]);
    };
    const serialOf = async (where: object) =>
      (await books.db('his_records').where(where).first()).his_serial_no;
    await correct(await serialOf({ order_no: 'amount' }), { amount_fen: 2000 });
    await correct(await serialOf({ order_no: 'nobody' }), { status: 'voided' });
    const again = await books.run();
    const cases = await books.cases();
    const keys = cases.filter((row) => row.status === 'open').map((row) => `${row.leg} ${row.order_no}`);
    expect(keys).toEqual([...new Set(keys)]);
    const lasting = cases.filter(
      (row) => row.leg === 'his' && (row.status === 'open' || row.kind === 'in_transit'),
    );
    const explained = lasting.reduce((sum, row) => sum + Number(row.difference_fen), 0);
    expect(again.counts?.differenceFen).toBe(0 - explained);
    expect(keys).not.toContain('his nobody');
  });

  test('a refund of a later day that made up for what HIS lacked is explained, not raised again', async () => {
    await books.pay('1', 13000, { settledOn: '2026-10-17', paidAt: new Date('2026-10-17T12:00:00+08:00') });
    await books.realtime.order('1');
    await books.refund('r1', '1', 13000);
    await books.db('orders').update({ status: 'refunded' });
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 13000, kind: 'refund', refundNo: 'r1' }]));
    await books.run();
    expect((await books.cases()).map((row) => [row.dedupe_key, row.status, row.resolution])).toEqual([
      ['his:H1:1:payment', 'resolved', 'online_refund'],
    ]);
    const report = await books.figures.statistics(null, date);
    expect(report).toMatchObject({
      hisFen: 0,
      platformFen: 0,
      differenceFen: 0,
      abnormalRefundFen: 13000,
      bankArrivalFen: -13000,
      refundsByMethod: { online: 13000, cash: 0, other: 0 },
    });
    expect(report.refundDetail).toHaveLength(1);
  });
});

describe('the bill', () => {
  test('is archived once as received, and a changed one is the next version', async () => {
    await books.pay('1', 100);
    await books.book('h1', '1', 100);
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 100 }]));
    await books.run();
    await books.run();
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 100 }], { text: 'another file' }));
    await books.run();
    const rows = await books.db('bill_archives').orderBy('version');
    expect(rows.map((row) => [row.version, row.payments, row.payment_fen])).toEqual([
      [1, 1, 100],
      [2, 1, 100],
    ]);
    const kept = readdirSync(path.join(books.folder, 'archive', 'A1', date));
    expect(kept.filter((name) => name.endsWith('.csv'))).toHaveLength(2);
    expect(kept.filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('that is not ready yet defers the run, which goes on later', async () => {
    books.bills.set(date, () => ({ kind: 'not-ready', retryAfterMinutes: 30 }));
    const run = await books.run();
    expect(run).toMatchObject({ status: 'deferred', nextAt: minutes(30) });
    books.bills.delete(date);
    await books.clock.advance(30 * 60_000);
    expect((await books.runs.execute(run.runNo)).status).toBe('done');
  });

  test('that cannot be read fails the run with the line, keeps the file and books nothing', async () => {
    books.bills.set(
      date,
      bill(
        [
          { orderNo: 'A-1', amountFen: 1 },
          { orderNo: 'A-2', amountFen: 2 },
        ],
        { breakAt: 2 },
      ),
    );
    const run = await books.run();
    expect(run).toMatchObject({ status: 'failed', errorCode: 'BILL_LINE', counts: { lineNo: 2 } });
    expect(run.errorMessage).toContain('line 2');
    expect(await books.db('daily_totals')).toEqual([]);
    expect(await books.db('bill_archives')).toEqual([]);
    expect(readdirSync(path.join(books.folder, 'archive', 'A1', date))).toHaveLength(1);
    expect(books.alarms).toMatchObject([{ kind: 'reconciliation_failed', level: 'critical' }]);
  });

  test('with a wrong hash fails the run, an unreachable gateway only defers it', async () => {
    books.bills.set(date, () => {
      throw new BillError('HASH', 'the file is not what was announced');
    });
    expect(await books.run()).toMatchObject({ status: 'failed', errorCode: 'BILL_HASH' });
    books.bills.set(date, () => {
      throw new BillError('UNAVAILABLE', 'timeout');
    });
    expect(await books.run()).toMatchObject({ status: 'deferred', errorCode: 'BILL_UNAVAILABLE' });
  });

  test('of an empty day is fine', async () => {
    expect(await books.run()).toMatchObject({ status: 'done', counts: { bill: 'empty' } });
    expect(await books.db('daily_totals').first()).toMatchObject({ platform_fen: 0, difference_fen: 0 });
  });

  test('of a day to come cannot be asked for', async () => {
    await expect(books.run('2026-10-20')).rejects.toMatchObject({ code: 'DATE_IN_FUTURE' });
  });

  test('is fetched by itself once the bill hour has come, even after an early look at the unfinished day', async () => {
    books.clock.set(new Date('2026-10-18T20:00:00+08:00'));
    await books.run();
    const count = async () => (await books.db('reconciliation_runs').where({ date })).length;
    books.clock.set(new Date('2026-10-19T09:59:00+08:00'));
    await books.runs.sweep();
    expect(await count()).toBe(1);
    books.clock.set(new Date('2026-10-19T10:00:00+08:00'));
    await books.runs.sweep();
    await books.runs.sweep();
    expect(await count()).toBe(2);
  });

  test('of a run that died with its process is fetched again', async () => {
    const run = await books.run();
    const stale = books.clock.now().getTime() - 16 * 60_000;
    await books.db('reconciliation_runs').update({ status: 'matching', updated_at: stale });
    await books.runs.sweep();
    expect(await books.runs.execute(run.runNo)).toMatchObject({ status: 'done' });
  });
});

describe('the figures', () => {
  test('list the first thousand cases of a day, count all of them, and give each once for a file', async () => {
    const lines = Array.from({ length: 2300 }, (_, index) => ({ orderNo: `X-${index}`, amountFen: 100 }));
    books.bills.set(date, bill(lines));
    await books.pay('1', 1999);
    await books.run();
    const day = { date, currency: 'CNY' };
    const { cases, caseCount, reasons } = await books.figures.analysis(null, day);
    expect([cases.length, caseCount]).toEqual([1000, 2302]);
    expect(reasons).toHaveLength(3);
    expect(reasons).toContainEqual({
      leg: 'channel',
      kind: 'channel_only',
      count: 2300,
      differenceFen: -230_000,
    });
    const each: string[] = [];
    for await (const { caseNo } of books.figures.eachCase(null, day)) each.push(caseNo);
    expect(new Set(each).size).toBe(2302);
    expect(each).toHaveLength(2302);
    expect(each.slice(0, 1000)).toEqual(cases.map(({ caseNo }) => caseNo));
    const ofHis = await books.figures.analysis(null, { date, leg: 'his', kind: 'platform_only' });
    expect([ofHis.cases, ofHis.caseCount]).toMatchObject([[{ orderNo: '1' }], 1]);
    expect(ofHis.reasons).toEqual(reasons);
  });

  test('today counts what was taken, given back and is still open', async () => {
    books.clock.set(new Date('2026-10-18T15:00:00+08:00'));
    await books.pay('1', 1999);
    await books.pay('2', 1001, { paidAt: new Date('2026-10-18T09:10:00+08:00') });
    await books.refund('r1', '2', 1);
    await books.pay('3', 0, { status: 'failed', paidAt: null, settledOn: null });
    await books.book('h1', '1', 1999);
    await books.realtime.order('2');
    const today = await books.figures.today(null);
    expect(today).toMatchObject({
      date,
      takenFen: 3000,
      takenCount: 2,
      refundedFen: 1,
      refundedCount: 1,
      attempted: 3,
      successRate: 2 / 3,
      byChannel: [{ payType: 'alipay', takenFen: 3000, count: 2 }],
      openDiscrepancies: 1,
    });
    expect(today.trend).toHaveLength(14);
    expect(today.trend.at(-1)).toEqual({ date, takenFen: 3000, hisFen: 1999, count: 2 });
    expect(today.hourly[9]).toEqual({ hour: 9, takenFen: 1001, count: 1 });
    expect(today.hourly[12]).toEqual({ hour: 12, takenFen: 1999, count: 1 });
  });

  test('a day without a run is added up live, a closed day speaks by its totals', async () => {
    await books.pay('1', 1999);
    await books.refund('r1', '1', 99);
    await books.book('h1', '1', 1999);
    const open = await books.figures.summary(null, range);
    expect(open.byDay).toEqual([
      {
        date,
        payType: 'alipay',
        hisFen: 1999,
        platformFen: 1900,
        differenceFen: -99,
        abnormalRefundFen: 0,
        live: true,
      },
    ]);
    await books.run();
    const closed = await books.figures.summary(null, range);
    expect(closed.byDay).toEqual([{ ...open.byDay[0], live: false }]);
    expect((await books.figures.summary(['H2'], range)).byDay).toEqual([]);
  });

  const range = { from: date, to: date };
  const runOf = async (accountCode: string) => {
    const [requested] = await books.runs.request({ date, accountCode, requestedBy: 'finance' });
    return books.runs.execute(requested?.runNo ?? '');
  };
  /** What 对账汇总, 统计报表 and the file say of the one payment type of the day. */
  const figuresOfDay = async () => {
    const { byDay, byType } = await books.figures.summary(null, range);
    const { hisFen, platformFen, bankArrivalFen } = await books.figures.statistics(null, date);
    const inFile: object[] = [];
    for (const { rows } of await summaryReport(books.figures).tables(null, range)) {
      for await (const row of rows) inFile.push(row);
    }
    expect([byType.length, byDay.length]).toEqual([1, 1]);
    expect(inFile).toMatchObject([...byType, ...byDay]);
    expect({ hisFen, platformFen, bankArrivalFen }).toEqual({
      hisFen: byDay[0]?.hisFen,
      platformFen: byDay[0]?.platformFen,
      bankArrivalFen: platformFen,
    });
    return [hisFen, platformFen, byDay[0]?.live];
  };

  test('a day of two accounts of one channel is both of them, and final once both are reconciled', async () => {
    await books.add('channel_accounts', { code: 'A2', channel: 'alipay', merchantCode: 'H1', enabled: true });
    await books.pay('1', 1000);
    await books.pay('2', 500, { accountCode: 'A2' });
    await books.pay('3', 300, { accountCode: 'A2' });
    await books.refund('r3', '3', 300, { accountCode: 'A2' });
    await books.book('h1', '1', 1000);
    await books.book('h2', '2', 450);
    await books.book('h3', null, 70);
    expect(await figuresOfDay()).toEqual([1520, 1500, true]);
    expect(await runOf('A1')).toMatchObject({ status: 'done' });
    books.bills.set(date, () => ({ kind: 'not-ready', retryAfterMinutes: 30 }));
    expect(await runOf('A2')).toMatchObject({ status: 'deferred' });
    expect(await figuresOfDay()).toEqual([1520, 1500, true]);
    books.bills.delete(date);
    expect(await runOf('A2')).toMatchObject({ status: 'done' });
    expect(await figuresOfDay()).toEqual([1520, 1500, false]);
    await books.book('h4', '1', 9);
    expect(await figuresOfDay()).toEqual([1520, 1500, false]);
  });

  test('what HIS booked without an order is told by an account that took nothing, and waits for its run', async () => {
    await books.add('channel_accounts', { code: 'A0', channel: 'alipay', merchantCode: 'H1', enabled: true });
    await books.pay('1', 1000);
    await books.book('h1', '1', 1000);
    await books.book('h2', null, 70);
    await books.run();
    books.bills.set(date, () => {
      throw new BillError('HASH', 'the file is not what was announced');
    });
    expect(await runOf('A0')).toMatchObject({ status: 'failed' });
    expect(await figuresOfDay()).toEqual([1070, 1000, true]);
    books.bills.delete(date);
    expect(await runOf('A0')).toMatchObject({ status: 'done' });
    expect(await figuresOfDay()).toEqual([1070, 1000, false]);
  });

  test('a total of the unfinished day does not stand for what was taken after it', async () => {
    await books.db('merchants').update({ day_cutoff: '02:00' });
    books.clock.set(new Date('2026-10-19T01:30:00+08:00'));
    await books.pay('1', 1000);
    await books.run();
    await books.pay('2', 500);
    expect(await figuresOfDay()).toEqual([0, 1500, true]);
    books.clock.set(new Date('2026-10-19T02:00:00+08:00'));
    expect(await figuresOfDay()).toEqual([0, 1500, true]);
    await books.run();
    expect(await figuresOfDay()).toEqual([0, 1500, false]);
  });

  test('abnormal refunds are told apart in the same way live and when the day is closed', async () => {
    const earlier = { settledOn: '2026-10-17', paidAt: new Date('2026-10-17T12:00:00+08:00') };
    await books.pay('never', 13000, earlier);
    await books.refund('r1', 'never', 5000);
    await books.pay('part', 10000, earlier);
    await books.book('h1', 'part', 8000, { settledOn: '2026-10-17' });
    await books.refund('r2', 'part', 2000);
    await books.pay('known', 700, earlier);
    await books.book('h2', 'known', 700, { settledOn: '2026-10-17' });
    await books.refund('r3', 'known', 700);
    await books.pay('same day', 1999);
    await books.refund('r4', 'same day', 1999);
    for (const orderNo of ['never', 'part', 'known', 'same day']) await books.realtime.order(orderNo);
    const live = await books.figures.summary(null, range);
    expect(live.byType).toEqual([
      { payType: 'alipay', hisFen: 0, platformFen: -700, differenceFen: -700, abnormalRefundFen: 7000 },
    ]);
    const report = await books.figures.statistics(null, date);
    expect(report).toMatchObject({ abnormalRefundFen: 7000, bankArrivalFen: -7700, sameDayRefundFen: 1999 });
    expect(report.refundDetail.map((row) => [row.orderNo, row.amountFen])).toEqual([
      ['never', 5000],
      ['part', 2000],
    ]);
    await books.run();
    expect((await books.figures.summary(null, range)).byType).toEqual(live.byType);
    expect((await books.figures.statistics(null, date)).bankArrivalFen).toBe(-7700);
  });

  test('cash for a payment that HIS lacks is an abnormal refund, a settled charge of HIS alone is none', async () => {
    await books.pay('1', 1999);
    await books.book('h1', 'nobody', 500);
    await books.realtime.order('1');
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1' }]);
    await books.db('discrepancies').update({
      status: 'resolved',
      resolution: 'cash',
      resolution_fen: books.db.raw('abs(difference_fen)'),
      resolved_at: noon.getTime(),
    });
    expect(await books.figures.statistics(null, date)).toMatchObject({
      platformFen: 1999,
      abnormalRefundFen: 1999,
      bankArrivalFen: 0,
      refundsByMethod: { online: 0, cash: 1999, other: 0 },
      refundDetail: [{ orderNo: '1', amountFen: 1999, method: 'cash' }],
    });
  });
});

describe('location', () => {
  test('shows both sides of one number and what happened when', async () => {
    await books.pay('1', 1999);
    await books.book('h1', 'M-1', 1999, { occurredAt: new Date(noon.getTime() + 5000) });
    await books.refund('r1', '1', 99);
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 1999 }]));
    await books.run();
    for (const number of ['1', 'M-1', 'A-1', 'T-1', 'r1', 'h1']) {
      const found = await books.locator.locate(number, null);
      expect(found.order).toMatchObject({ orderNo: '1' });
    }
    const found = await books.locator.locate('1', ['H1']);
    expect(found.hisRecords).toMatchObject([{ hisSerialNo: 'h1' }]);
    expect(found.billLines).toMatchObject([{ orderNo: 'A-1', amountFen: 1999 }]);
    expect(found.timeline.map((entry) => entry.at.getTime())).toEqual(
      found.timeline.map((entry) => entry.at.getTime()).toSorted((a, b) => a - b),
    );
    expect(found.timeline.map((entry) => entry.zh)).toEqual(
      expect.arrayContaining(['下单 19.99', '支付成功 19.99', 'HIS收费 19.99', '渠道账单收款 19.99']),
    );
    expect((await books.locator.locate('1', ['H2'])).order).toBeNull();
  });

  test('a number that only HIS knows has no order but its records', async () => {
    await books.book('428661561', 'X9', 50000);
    await books.book('428661562', 'X9', 100, { merchantCode: 'H2' });
    for (const number of ['X9', '428661561']) {
      const found = await books.locator.locate(number, ['H1']);
      expect(found.order).toBeNull();
      expect(found.hisRecords).toMatchObject([{ hisSerialNo: '428661561' }]);
    }
    const found = await books.locator.locate('X9', null);
    expect(found.hisRecords).toMatchObject([{ hisSerialNo: '428661561' }, { hisSerialNo: '428661562' }]);
  });
});
