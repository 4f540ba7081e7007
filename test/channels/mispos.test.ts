import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type AgentSettings, type RunningAgent, startAgent } from '@hospital-pay/channel-mispos/agent';
import type { OrderView, RefundView } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { until } from '../harness/waiting';

/** A card terminal at counter W01 with its agent, and a platform that has no serial port. */
describe.each(['ums', 'allinpay'] as const)('bank cards at a terminal that speaks %s', (protocol) => {
  let hospital: Hospital;
  let device: Awaited<ReturnType<Hospital['sandbox']['gateways']['mispos']['openTerminal']>>;
  let agent: RunningAgent;
  let settings: AgentSettings;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-agent-'));

  beforeAll(async () => {
    hospital = await startHospital({ channels: ['mispos'] });
    device = await hospital.sandbox.gateways.mispos.openTerminal({ protocol });
    settings = {
      url: hospital.url,
      accountCode: 'mispos-1',
      token: hospital.sandbox.credentials[0]?.mispos.agentToken ?? '',
      terminalCode: 'W01',
      protocol,
      device: `tcp://127.0.0.1:${device.port}`,
      posNo: '00000040',
      folder,
      cardLimitMs: 1500,
    };
    await plugIn();
  }, 120_000);
  afterAll(async () => {
    await agent?.close();
    await device?.close();
    await hospital?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function plugIn(changes: Partial<AgentSettings> = {}): Promise<void> {
    return new Promise((resolve) => {
      agent = startAgent({ ...settings, ...changes, say: (text) => text.includes('Connected') && resolve() });
    });
  }

  const pay = async (amountFen = 1234): Promise<OrderView & { error: { name?: string } | null }> => {
    const order = {
      merchantOrderNo: newNo(),
      amountFen,
      subject: '门诊缴费',
      scene: 'terminal',
      terminalCode: 'W01',
    };
    return (await hospital.call<OrderView & { error: null }>('POST', '/api/v1/orders', order)).body;
  };
  const settled = ({ merchantOrderNo }: OrderView) =>
    until(
      async () => (await hospital.call<OrderView>('GET', `/api/v1/orders/${merchantOrderNo}`)).body,
      ({ status }) => !['created', 'pending', 'unknown'].includes(status),
    );
  const giveBack = async (order: OrderView, amountFen: number): Promise<RefundView> => {
    const merchantRefundNo = newNo();
    const refund = { merchantRefundNo, merchantOrderNo: order.merchantOrderNo, amountFen, reason: '退费' };
    await hospital.call('POST', '/api/v1/refunds', refund);
    return until(
      async () => (await hospital.call<RefundView>('GET', `/api/v1/refunds/${merchantRefundNo}`)).body,
      ({ status }) => status === 'succeeded' || status === 'failed',
    );
  };
  const booked = () => hospital.sandbox.ledger.totals({ gateway: 'mispos' });

  test('a card is charged to the fen, and its number is known by six and four digits', async () => {
    const order = await pay(1999);
    expect(order.status).toBe('pending');
    const paid = await settled(order);
    expect(paid).toMatchObject({ status: 'paid', paidFen: 1999, channel: 'mispos' });
    expect(booked()).toMatchObject({ paidFen: 1999, paidCount: 1 });
  });

  test('a refused card is a failed order with the bank’s reason', async () => {
    device.terminal.next('no_money');
    const order = await settled(await pay());
    expect(order).toMatchObject({ status: 'failed', error: { channelCode: '51', zh: '余额不足' } });
  });

  test.each(['lost', 'garbled'] as const)(
    'an approval whose answer is %s is found by asking the terminal for its last transaction',
    async (fate) => {
      const before = booked().paidFen;
      device.terminal.next(fate);
      const order = await settled(await pay(2001));
      expect(order).toMatchObject({ status: 'paid', paidFen: 2001 });
      expect(booked().paidFen - before).toBe(2001);
    },
  );

  test.each(['cut', 'host_down'] as const)(
    'a sale that was %s is over when the terminal says that its last transaction is another',
    async (fate) => {
      const before = booked().paidFen;
      device.terminal.next(fate);
      const order = await settled(await pay(2002));
      expect(order).toMatchObject({ status: 'failed', error: { channelCode: 'NOT_DONE' } });
      expect(booked().paidFen).toBe(before);
    },
  );

  test('within its batch a whole payment is voided, a part or a settled one is refunded', async () => {
    const kindOf = (refund: RefundView) =>
      hospital.sandbox.ledger
        .refunds({ gateway: 'mispos' })
        .find(({ refundId }) => refund.channelRefundNo?.includes(refundId))?.kind;
    const first = await settled(await pay(5000));
    expect(kindOf(await giveBack(first, 5000))).toBe('reversal');
    const second = await settled(await pay(5000));
    expect(kindOf(await giveBack(second, 1000))).toBe('refund');
    const third = await settled(await pay(7000));
    await agent.settle();
    expect(kindOf(await giveBack(third, 7000))).toBe('refund');
  });

  test('an agent that dies in the middle of a sale learns of it when it comes back, and tells it once', async () => {
    device.terminal.next('lost');
    const order = await pay(3003);
    await agent.close();
    await plugIn();
    expect(await settled(order)).toMatchObject({ status: 'paid', paidFen: 3003 });
    const { orderNo } = order;
    const attempts = hospital.sandbox.ledger.payments({ gateway: 'mispos' });
    expect(attempts.filter(({ amountFen }) => amountFen === 3003)).toHaveLength(1);
    const tellings = () =>
      fs
        .readFileSync(path.join(folder, 'W01.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.includes(orderNo) && line.includes('"told":true'));
    // Written when the platform has thanked, which may be after the order is paid.
    expect(await until(tellings, (lines) => lines.length > 0)).toHaveLength(1);
  });

  test('without an agent, or with one that knows another token, no sale begins', async () => {
    await agent.close();
    const stranger = startAgent({
      ...settings,
      token: 'x'.repeat(48),
      folder: path.join(folder, 'stranger'),
    });
    const order = await settled(await pay());
    await stranger.close();
    expect(order).toMatchObject({ status: 'failed', error: { channelCode: 'TERMINAL_OFFLINE' } });
    await plugIn();
  });

  test('what is not signed by an agent of the account books nothing', async () => {
    const order = await pay(4004);
    const forged = JSON.stringify({
      kind: 'payment',
      no: order.orderNo,
      paidNo: order.orderNo,
      standing: { state: 'declined', code: '51', message: '' },
    });
    const answer = await fetch(`${hospital.url}/api/notify/mispos-1`, {
      method: 'POST',
      body: forged,
      headers: { 'x-agent-timestamp': String(Date.now()), 'x-agent-signature': '0'.repeat(64) },
    });
    expect(answer.status).toBe(401);
    expect(await settled(order)).toMatchObject({ status: 'paid' });
  });

  test('an order of a channel account’s merchant names its terminal', async () => {
    const admin = await hospital.staff('cashier');
    const { body } = await admin<OrderView>('POST', '/api/payments/cashier/orders', {
      merchantCode,
      merchantOrderNo: newNo(),
      amountFen: 100,
      subject: '门诊缴费',
      scene: 'terminal',
    });
    expect(body).toMatchObject({ status: 'failed', error: { channelCode: 'TERMINAL_MISSING' } });
  });

  test('a terminal on a serial port is spoken to in the same way', async () => {
    await agent.close();
    const link = path.join(folder, 'tty');
    const wire = spawn('socat', [`PTY,link=${link},raw,echo=0`, `TCP:127.0.0.1:${device.port}`]);
    try {
      await until(
        async () => fs.existsSync(link),
        (isThere) => isThere,
      );
      await plugIn({ device: `serial:${link}` });
      expect(await settled(await pay(6006))).toMatchObject({ status: 'paid', paidFen: 6006 });
    } finally {
      wire.kill();
    }
  });
});
