import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { daySpan, type SandboxClock } from './clock';

/** How one gateway keeps its part of the ledger. */
export interface GatewayBooks {
  /** IANA zone in which its bills cut the days. */
  zone: string;
  /** Whom it shows as payer, and from which account, when nothing better is known. */
  payer: string;
  bank: string;
  /** Its own number of a payment; `serial` is unique for ever and has 15 to 16 digits. */
  tradeNo(at: number, serial: string): string;
  refundId(at: number, serial: string): string;
  /** Within what a merchant's refund number is unique. */
  refundNumbersPer: 'payment' | 'merchant';
  /** A payment that is refunded in full counts as closed. */
  closesWhenRefunded: boolean;
}

export type Scene = 'micropay' | 'native' | 'jsapi' | 'h5' | 'app' | 'page' | 'terminal';
export type PaymentState = 'waiting' | 'paying' | 'paid' | 'closed' | 'reversed' | 'failed';
export type RefundState = 'processing' | 'succeeded' | 'abnormal' | 'closed';

export interface Payment {
  /** The name of its gateway. */
  gateway: string;
  /** Alipay: seller id. WeChat: mchid. */
  merchant: string;
  appId: string;
  outTradeNo: string;
  tradeNo: string;
  scene: Scene;
  state: PaymentState;
  /** In the minor unit of the gateway's currency (fen; yen). */
  amountFen: number;
  subject: string;
  createdAt: number;
  expiresAt: number | null;
  paidAt: number | null;
  endedAt: number | null;
  refundedFen: number;
  buyer: string;
  bank: string;
  notifyUrl: string | null;
  attach: string | null;
  storeId: string | null;
  operatorId: string | null;
  terminalId: string | null;
  /** What the patient's wallet reads: a QR text, a prepay id or a link. */
  payToken: string | null;
  authCode: string | null;
  /** The payer opened the QR; before that Alipay knows no trade. */
  scanned: boolean;
  /** Queries that still answer "paying"; null = for ever. */
  queriesUntilPaid: number | null;
  /** A fingerprint of the create request, to tell a repeat from a conflict. */
  fingerprint: string;
  /** Money the platform never asked for. */
  foreign: boolean;
  billed: boolean;
}

export interface Refund {
  gateway: string;
  merchant: string;
  outTradeNo: string;
  tradeNo: string;
  /** Alipay out_request_no, WeChat out_refund_no. */
  refundNo: string;
  refundId: string;
  kind: 'refund' | 'reversal';
  state: RefundState;
  amountFen: number;
  reason: string | null;
  createdAt: number;
  /** When a processing refund ends, and how. */
  settlesAt: number;
  settlesAs: Exclude<RefundState, 'processing'>;
  succeededAt: number | null;
  notifyUrl: string | null;
  billed: boolean;
}

export interface SeedPayment {
  gateway: string;
  outTradeNo: string;
  amountFen: number;
  paidAt: number;
  scene?: Scene;
  subject?: string;
  tradeNo?: string;
  merchant?: string;
  buyer?: string;
  terminalId?: string;
  storeId?: string;
  attach?: string;
  refunds?: { refundNo: string; amountFen: number; at: number; refundId?: string; reason?: string }[];
  /** Present in the ledger, absent from the bill file. */
  billed?: boolean;
}

interface MerchantIdentity {
  merchant: string;
  appId: string;
}

type JournalLine = { payment: Payment } | { refund: Refund } | { usedCode: string };

export interface LedgerFilter {
  gateway?: string;
  merchant?: string;
  outTradeNo?: string;
  state?: string;
}

/**
 * Everything the gateways know about money. It lives in memory; a journal of whole records, last one wins,
 * makes it survive a restart.
 */
export class Ledger {
  private readonly paymentsByNo = new Map<string, Payment>();
  private readonly paymentsByTradeNo = new Map<string, Payment>();
  private readonly paymentsByToken = new Map<string, Payment>();
  private readonly refundsByNo = new Map<string, Refund>();
  private readonly refundsByPayment = new Map<string, Refund[]>();
  private readonly usedCodes = new Set<string>();
  /** Starts from real time in hundredths of a millisecond: numbers stay unique across restarts. */
  private sequence = Date.now() * 100;

  constructor(
    private readonly clock: SandboxClock,
    private readonly journalFile: string | null,
    private readonly merchants: (gateway: string) => readonly MerchantIdentity[],
    private readonly booksOf: (gateway: string) => GatewayBooks,
  ) {
    if (journalFile === null) return;
    mkdirSync(dirname(journalFile), { recursive: true });
    if (existsSync(journalFile)) this.replay(readFileSync(journalFile, 'utf8'));
  }

  payment(gateway: string, merchant: string, outTradeNo: string): Payment | null {
    return this.paymentsByNo.get(paymentKey(gateway, merchant, outTradeNo)) ?? null;
  }

  paymentByTradeNo(gateway: string, tradeNo: string): Payment | null {
    return this.paymentsByTradeNo.get(`${gateway}|${tradeNo}`) ?? null;
  }

  /** By what the patient holds: the text of the QR, the prepay id, the link, or the merchant's order number. */
  paymentOfPatient(gateway: string | null, reference: string): Payment | null {
    const byToken = this.paymentsByToken.get(reference);
    if (byToken !== undefined) return byToken;
    for (const payment of this.paymentsByNo.values()) {
      if (payment.outTradeNo === reference && (gateway ?? payment.gateway) === payment.gateway)
        return payment;
    }
    return null;
  }

  refund(gateway: string, merchant: string, outTradeNo: string | null, refundNo: string): Refund | null {
    return this.refundsByNo.get(this.refundKey(gateway, merchant, outTradeNo, refundNo)) ?? null;
  }

  refundsOf(payment: Payment): Refund[] {
    return this.refundsByPayment.get(paymentKey(payment.gateway, payment.merchant, payment.outTradeNo)) ?? [];
  }

  payments(filter: LedgerFilter = {}): Payment[] {
    return [...this.paymentsByNo.values()].filter((row) => matches(row, filter));
  }

  refunds(filter: LedgerFilter = {}): Refund[] {
    return [...this.refundsByNo.values()].filter((row) => matches(row, filter));
  }

  /** Sums per gateway and merchant, for comparing whole ledgers. */
  totals(filter: LedgerFilter = {}): {
    paidFen: number;
    refundedFen: number;
    paidCount: number;
    refundCount: number;
  } {
    const paid = this.payments(filter).filter((row) => row.paidAt !== null);
    const refunded = this.refunds(filter).filter((row) => row.state === 'succeeded');
    return {
      paidFen: paid.reduce((sum, row) => sum + row.amountFen, 0),
      refundedFen: refunded.reduce((sum, row) => sum + row.amountFen, 0),
      paidCount: paid.length,
      refundCount: refunded.length,
    };
  }

  saveUsedCode(code: string): void {
    this.usedCodes.add(code);
    this.write([{ usedCode: code }]);
  }

  isCodeUsed(code: string): boolean {
    return this.usedCodes.has(code);
  }

  savePayment(payment: Payment): Payment {
    this.indexPayment(payment);
    this.write([{ payment }]);
    return payment;
  }

  saveRefund(refund: Refund): Refund {
    this.indexRefund(refund);
    this.write([{ refund }]);
    return refund;
  }

  /** Bulk history: past payments and refunds with their own times, so that bills of past days exist. */
  seed(entries: readonly SeedPayment[]): { payments: number; refunds: number } {
    const lines: JournalLine[] = [];
    let refunds = 0;
    for (const entry of entries) {
      const identity = this.identity(entry.gateway, entry.merchant);
      const payment = this.newPayment({
        ...identity,
        outTradeNo: entry.outTradeNo,
        scene: entry.scene ?? 'native',
        amountFen: entry.amountFen,
        subject: entry.subject ?? '门诊缴费',
        at: entry.paidAt,
        ...(entry.tradeNo === undefined ? {} : { tradeNo: entry.tradeNo }),
      });
      payment.state = 'paid';
      payment.paidAt = entry.paidAt;
      payment.scanned = true;
      payment.buyer = entry.buyer ?? payment.buyer;
      payment.terminalId = entry.terminalId ?? null;
      payment.storeId = entry.storeId ?? null;
      payment.attach = entry.attach ?? null;
      payment.billed = entry.billed ?? true;
      for (const past of entry.refunds ?? []) {
        const refund = this.newRefund(payment, {
          refundNo: past.refundNo,
          amountFen: past.amountFen,
          reason: past.reason ?? null,
          notifyUrl: null,
          kind: 'refund',
          at: past.at,
          ...(past.refundId === undefined ? {} : { refundId: past.refundId }),
        });
        refund.state = 'succeeded';
        refund.succeededAt = past.at;
        payment.refundedFen += past.amountFen;
        this.indexRefund(refund);
        lines.push({ refund });
        refunds += 1;
      }
      if (this.booksOf(payment.gateway).closesWhenRefunded && payment.refundedFen === payment.amountFen)
        payment.state = 'closed';
      this.indexPayment(payment);
      lines.push({ payment });
    }
    this.write(lines);
    return { payments: entries.length, refunds };
  }

  /** Money that arrived without the platform: a channel-only row for reconciliation. */
  injectForeignPayment(
    entry: Omit<SeedPayment, 'outTradeNo' | 'paidAt'> & { outTradeNo?: string; paidAt?: number },
  ): Payment {
    const outTradeNo = entry.outTradeNo ?? `FOREIGN${this.nextSequence()}`;
    this.seed([{ ...entry, outTradeNo, paidAt: entry.paidAt ?? this.clock.now() }]);
    const payment = this.payment(
      entry.gateway,
      this.identity(entry.gateway, entry.merchant).merchant,
      outTradeNo,
    );
    if (payment === null) throw new Error(`the ledger lost ${outTradeNo}`);
    payment.foreign = true;
    return this.savePayment(payment);
  }

  /** Leaves a payment or refund out of the bill files; the number may be the merchant's or the gateway's. */
  dropFromBill(number: string): number {
    let dropped = 0;
    for (const payment of this.paymentsByNo.values()) {
      if (payment.outTradeNo !== number && payment.tradeNo !== number) continue;
      payment.billed = false;
      this.savePayment(payment);
      dropped += 1;
    }
    for (const refund of this.refundsByNo.values()) {
      if (refund.refundNo !== number && refund.refundId !== number) continue;
      refund.billed = false;
      this.saveRefund(refund);
      dropped += 1;
    }
    return dropped;
  }

  /** The rows of one day in the gateway's zone as a bill shows them: what was paid, and which refunds were accepted. */
  billRows(gateway: string, merchant: string, day: string): { payments: Payment[]; refunds: Refund[] } {
    const span = daySpan(day, this.booksOf(gateway).zone);
    if (span === null) return { payments: [], refunds: [] };
    const within = (at: number | null) => at !== null && at >= span.from && at <= span.to;
    return {
      payments: this.payments({ gateway, merchant })
        .filter((row) => row.billed && within(row.paidAt))
        .sort((a, b) => (a.paidAt ?? 0) - (b.paidAt ?? 0)),
      refunds: this.refunds({ gateway, merchant })
        .filter((row) => row.billed && within(row.createdAt))
        .sort((a, b) => a.createdAt - b.createdAt),
    };
  }

  newPayment(init: {
    gateway: string;
    merchant: string;
    appId: string;
    outTradeNo: string;
    scene: Scene;
    amountFen: number;
    subject: string;
    at?: number;
    tradeNo?: string;
  }): Payment {
    const at = init.at ?? this.clock.now();
    const books = this.booksOf(init.gateway);
    return {
      gateway: init.gateway,
      merchant: init.merchant,
      appId: init.appId,
      outTradeNo: init.outTradeNo,
      tradeNo: init.tradeNo ?? books.tradeNo(at, this.nextSequence()),
      scene: init.scene,
      state: 'waiting',
      amountFen: init.amountFen,
      subject: init.subject,
      createdAt: at,
      expiresAt: null,
      paidAt: null,
      endedAt: null,
      refundedFen: 0,
      buyer: books.payer,
      bank: books.bank,
      notifyUrl: null,
      attach: null,
      storeId: null,
      operatorId: null,
      terminalId: null,
      payToken: null,
      authCode: null,
      scanned: init.scene === 'micropay',
      queriesUntilPaid: null,
      fingerprint: '',
      foreign: false,
      billed: true,
    };
  }

  newRefund(
    payment: Payment,
    init: {
      refundNo: string;
      amountFen: number;
      reason: string | null;
      notifyUrl: string | null;
      kind: Refund['kind'];
      at?: number;
      refundId?: string;
    },
  ): Refund {
    const at = init.at ?? this.clock.now();
    return {
      gateway: payment.gateway,
      merchant: payment.merchant,
      outTradeNo: payment.outTradeNo,
      tradeNo: payment.tradeNo,
      refundNo: init.refundNo,
      refundId: init.refundId ?? this.booksOf(payment.gateway).refundId(at, this.nextSequence()),
      kind: init.kind,
      state: 'processing',
      amountFen: init.amountFen,
      reason: init.reason,
      createdAt: at,
      settlesAt: at,
      settlesAs: 'succeeded',
      succeededAt: null,
      notifyUrl: init.notifyUrl,
      billed: true,
    };
  }

  private identity(gateway: string, merchant: string | undefined): MerchantIdentity & { gateway: string } {
    const found = this.merchants(gateway).find((row) => merchant === undefined || row.merchant === merchant);
    if (found === undefined) throw new Error(`the sandbox has no ${gateway} merchant ${merchant ?? ''}`);
    return { gateway, ...found };
  }

  private nextSequence(): string {
    this.sequence += 1;
    return `${this.sequence}`;
  }

  private indexPayment(payment: Payment): void {
    this.paymentsByNo.set(paymentKey(payment.gateway, payment.merchant, payment.outTradeNo), payment);
    this.paymentsByTradeNo.set(`${payment.gateway}|${payment.tradeNo}`, payment);
    if (payment.payToken !== null) this.paymentsByToken.set(payment.payToken, payment);
  }

  private refundKey(gateway: string, merchant: string, outTradeNo: string | null, refundNo: string): string {
    const within =
      this.booksOf(gateway).refundNumbersPer === 'payment' ? `${merchant}|${outTradeNo}` : merchant;
    return `${gateway}|${within}|${refundNo}`;
  }

  private indexRefund(refund: Refund): void {
    const key = this.refundKey(refund.gateway, refund.merchant, refund.outTradeNo, refund.refundNo);
    const known = this.refundsByNo.get(key);
    this.refundsByNo.set(key, refund);
    const paymentsKey = paymentKey(refund.gateway, refund.merchant, refund.outTradeNo);
    const siblings = this.refundsByPayment.get(paymentsKey) ?? [];
    if (known === undefined) siblings.push(refund);
    else siblings.splice(siblings.indexOf(known), 1, refund);
    this.refundsByPayment.set(paymentsKey, siblings);
  }

  private write(lines: readonly JournalLine[]): void {
    if (this.journalFile === null || lines.length === 0) return;
    appendFileSync(this.journalFile, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  }

  /** A line cut short by a crash is the last one and is left out; what it said never got an answer. */
  private replay(journal: string): void {
    for (const text of journal.split('\n')) {
      if (text === '') continue;
      const line = readJournalLine(text);
      if (line === null) continue;
      if ('payment' in line) this.indexPayment(line.payment);
      else if ('refund' in line) this.indexRefund(line.refund);
      else this.usedCodes.add(line.usedCode);
    }
  }
}

function readJournalLine(text: string): JournalLine | null {
  try {
    const line: JournalLine = JSON.parse(text);
    return line;
  } catch {
    return null;
  }
}

function matches(row: Payment | Refund, filter: LedgerFilter): boolean {
  return (
    (filter.gateway === undefined || row.gateway === filter.gateway) &&
    (filter.merchant === undefined || row.merchant === filter.merchant) &&
    (filter.outTradeNo === undefined || row.outTradeNo === filter.outTradeNo) &&
    (filter.state === undefined || row.state === filter.state)
  );
}

function paymentKey(gateway: string, merchant: string, outTradeNo: string): string {
  return `${gateway}|${merchant}|${outTradeNo}`;
}
