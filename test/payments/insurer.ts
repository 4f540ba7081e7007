import {
  type ChannelDriver,
  type ChannelManifest,
  defineChannel,
  type InsuranceSplit,
  type Outcome,
} from '@hospital-pay/payments';

interface Settlement {
  split: InsuranceSplit;
  state: 'quoted' | 'settled' | 'ended';
  refundNos: string[];
}

/** An insurer that misbehaves when told to: refuses what insurers never say they will, and adds up wrongly. */
export class Insurer {
  readonly books = new Map<string, Settlement>();
  /** The next calls go wrong after the insurer did what was asked. */
  silent: Partial<Record<'quote' | 'pay' | 'query' | 'close' | 'refund', number>> = {};
  refusesRefunds = false;

  private lost(operation: 'quote' | 'pay' | 'query' | 'close' | 'refund'): boolean {
    const left = this.silent[operation] ?? 0;
    this.silent[operation] = Math.max(left - 1, 0);
    return left > 0;
  }

  heldFen(): number {
    const held = [...this.books.values()].filter(
      ({ state, refundNos }) => state === 'settled' && refundNos.length === 0,
    );
    return held.reduce((sum, { split }) => sum + split.fundFen + split.accountFen + split.otherFen, 0);
  }

  private outcome(attemptNo: string, amount: number): Outcome {
    const known = this.books.get(attemptNo);
    if (!known) return { kind: 'unknown', cause: 'not found', code: 'ORDER_NOT_FOUND' };
    if (known.state === 'ended') return { kind: 'closed', reversed: false };
    if (known.state === 'quoted') return { kind: 'pending' };
    const { split } = known;
    const paidAt = new Date();
    return { kind: 'paid', amount, currency: 'CNY', channelNo: `YB${attemptNo}`, paidAt, split };
  }

  manifest(code: string): ChannelManifest {
    const books = this.books;
    const unknown = { kind: 'unknown' as const, cause: 'no answer' };
    const driver: ChannelDriver = {
      quote: async ({ attemptNo, totalFen, details }) => {
        const bears = Number(details.bearsFen);
        if (Number.isNaN(bears)) return { kind: 'refused', code: 'NOT_INSURED', message: '非参保人员' };
        const split = {
          fundFen: Math.floor(bears / 2),
          accountFen: bears - Math.floor(bears / 2),
          otherFen: Number(details.errorFen ?? 0),
          cashFen: totalFen - bears,
        };
        books.set(attemptNo, { split, state: 'quoted', refundNos: [] });
        if (this.lost('quote')) return unknown;
        return { kind: 'quoted', claim: { claimNo: `C${attemptNo}`, token: 'secret-token', split } };
      },
      pay: async ({ attemptNo, amount, claim }) => {
        if (!claim) throw new Error('no claim');
        const known = books.get(attemptNo);
        if (known) known.state = 'settled';
        return this.lost('pay') ? unknown : this.outcome(attemptNo, amount);
      },
      query: async ({ attemptNo, amount }) =>
        this.lost('query') ? unknown : this.outcome(attemptNo, amount),
      close: async ({ attemptNo, amount }) => {
        const known = books.get(attemptNo);
        if (known?.state === 'quoted') known.state = 'ended';
        return this.lost('close') ? unknown : this.outcome(attemptNo, amount);
      },
      refund: async ({ payment, refundNo, amount }) => {
        if (this.refusesRefunds) return { kind: 'failed', code: 'CLOSED_YEAR', message: '医保已结算' };
        const known = books.get(payment.attemptNo);
        if (known && !known.refundNos.includes(refundNo)) known.refundNos.push(refundNo);
        if (this.lost('refund')) return unknown;
        const refundedAt = new Date();
        return { kind: 'refunded', amount, currency: 'CNY', channelNo: `T${refundNo}`, refundedAt };
      },
      queryRefund: async ({ payment, refundNo, amount }) => {
        const known = books.get(payment.attemptNo);
        if (!known?.refundNos.includes(refundNo))
          return { kind: 'unknown', cause: 'not found', code: 'REFUND_NOT_FOUND' };
        const refundedAt = new Date();
        return { kind: 'refunded', amount, currency: 'CNY', channelNo: `T${refundNo}`, refundedAt };
      },
      test: async () => ({ ok: true }),
    };
    return defineChannel({
      code,
      title: { zh: '医保', en: 'Insurance' },
      logName: code,
      currency: 'CNY',
      zone: 'Asia/Shanghai',
      scenes: ['native'],
      verbs: ['quote', 'close', 'refund', 'queryRefund'],
      insurance: 'before cash',
      config: { type: 'object', required: [], properties: {} },
      errors: {},
      connect: () => driver,
    });
  }
}
