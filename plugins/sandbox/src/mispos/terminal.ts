import { randomInt } from 'node:crypto';
import type { Payment } from '../ledger';
import type { World } from '../world';

/** What the next card does. `lost`: approved, and the line is cut before the reply; `cut`: cut before anything happened. */
export const cardFates = [
  'approved',
  'no_money',
  'wrong_pin',
  'host_down',
  'lost',
  'cut',
  'garbled',
] as const;
export type CardFate = (typeof cardFates)[number];

export type CardRequest =
  | { kind: 'sale'; amountFen: number; orderNo: string }
  | { kind: 'void'; amountFen: number; voucher: string; orderNo: string }
  | { kind: 'refund'; amountFen: number; reference: string; date: string; orderNo: string }
  | { kind: 'last' }
  | { kind: 'settle' };

export interface CardReply {
  code: string;
  message: string;
  amountFen: number;
  card: string;
  voucher: string;
  batch: string;
  /** MMDD and HHmmss, China. */
  date: string;
  time: string;
  reference: string;
  orderNo: string;
}

export interface Answered {
  /** Null: the line is cut without a word. */
  reply: CardReply | null;
  garbled: boolean;
}

const card = '621483******9012';
const chinaMs = 8 * 3_600_000;

/** One simulated terminal: batch and vouchers count up, the last transaction is remembered, money goes into the ledger. */
export class SimulatedTerminal {
  private batch: number;
  private voucher = 0;
  private last: CardReply | undefined;
  private readonly fates: CardFate[] = [];

  constructor(
    private readonly world: World,
    private readonly merchant: string,
    readonly terminalId: string,
  ) {
    // Switched on again, it begins a batch of its own: its vouchers count from one.
    const batches = this.ownPayments().map(({ storeId }) => Number(storeId));
    this.batch = Math.max(0, ...batches) + 1;
  }

  private ownPayments(): Payment[] {
    return this.world.ledger
      .payments({ gateway: 'mispos', merchant: this.merchant })
      .filter(({ terminalId }) => terminalId === this.terminalId);
  }

  /** Decides about the next cards, one each. */
  next(...fates: CardFate[]): void {
    this.fates.push(...fates);
  }

  answer(request: CardRequest): Answered {
    if (request.kind === 'last') return said(this.last ?? this.refusal('25', '无交易记录'));
    if (request.kind === 'settle') {
      const reply = { ...this.refusal('00', '结算成功'), voucher: pad(this.voucher, 6) };
      this.batch += 1;
      this.voucher = 0;
      return said(reply);
    }
    const fate = this.fates.shift() ?? 'approved';
    switch (fate) {
      case 'cut':
        return { reply: null, garbled: false };
      case 'no_money':
        return said(this.refusal('51', '余额不足'));
      case 'wrong_pin':
        return said(this.refusal('55', '密码错误'));
      case 'host_down':
        return said(this.refusal('96', '系统故障'));
      case 'approved':
      case 'lost':
      case 'garbled': {
        const reply = this.carryOut(request);
        return { reply: fate === 'lost' ? null : reply, garbled: fate === 'garbled' };
      }
      default:
        return fate satisfies never;
    }
  }

  private carryOut(request: Extract<CardRequest, { amountFen: number }>): CardReply {
    if (request.kind === 'sale') {
      const reply = this.approve(request.amountFen, request.orderNo);
      this.book(reply);
      return reply;
    }
    const paid = this.paymentOf(request);
    if (!paid) return this.refusal('25', '原交易不存在');
    if (paid.refundedFen + request.amountFen > paid.amountFen) return this.refusal('61', '超出原交易金额');
    if (request.kind === 'void' && paid.storeId !== pad(this.batch, 6))
      return this.refusal('12', '原交易已结算');
    const reply = this.approve(request.amountFen, request.orderNo);
    paid.refundedFen += request.amountFen;
    const refund = this.world.ledger.newRefund(paid, {
      refundNo: request.orderNo || reply.reference,
      amountFen: request.amountFen,
      reason: null,
      notifyUrl: null,
      kind: request.kind === 'void' ? 'reversal' : 'refund',
      refundId: reply.reference,
    });
    refund.state = 'succeeded';
    refund.succeededAt = this.world.clock.now();
    this.world.ledger.saveRefund(refund);
    this.world.ledger.savePayment(paid);
    return reply;
  }

  private paymentOf(request: Extract<CardRequest, { kind: 'void' | 'refund' }>): Payment | undefined {
    if (request.kind === 'refund') {
      const paid = this.world.ledger.paymentByTradeNo('mispos', request.reference);
      return paid?.merchant === this.merchant ? paid : undefined;
    }
    return this.ownPayments().find(
      ({ attach, storeId }) => attach === request.voucher && storeId === pad(this.batch, 6),
    );
  }

  private approve(amountFen: number, orderNo: string): CardReply {
    this.voucher += 1;
    const now = new Date(this.world.clock.now() + chinaMs).toISOString();
    const time = now.slice(11, 19).replaceAll(':', '');
    const reply = {
      code: '00',
      message: '交易成功',
      amountFen,
      card,
      voucher: pad(this.voucher, 6),
      batch: pad(this.batch, 6),
      date: now.slice(5, 10).replace('-', ''),
      time,
      reference: `${time}${pad(randomInt(1_000_000), 6)}`,
      orderNo,
    };
    this.last = reply;
    return reply;
  }

  private book({ amountFen, voucher, batch, reference, orderNo }: CardReply): void {
    const payment = this.world.ledger.newPayment({
      gateway: 'mispos',
      merchant: this.merchant,
      appId: '',
      outTradeNo: orderNo || `${this.terminalId}${batch}${voucher}`,
      scene: 'terminal',
      amountFen,
      subject: '消费',
      tradeNo: reference,
    });
    payment.state = 'paid';
    payment.paidAt = this.world.clock.now();
    payment.storeId = batch;
    payment.attach = voucher;
    payment.terminalId = this.terminalId;
    this.world.ledger.savePayment(payment);
  }

  private refusal(code: string, message: string): CardReply {
    return {
      code,
      message,
      amountFen: 0,
      card: '',
      voucher: '',
      batch: pad(this.batch, 6),
      date: '0101',
      time: '000000',
      reference: '',
      orderNo: '',
    };
  }
}

const said = (reply: CardReply): Answered => ({ reply, garbled: false });
const pad = (value: number, width: number): string => String(value).padStart(width, '0');
