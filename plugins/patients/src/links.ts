import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPlatformError } from '@hospital-pay/errors';
import { type Clock, createLeases } from '@hospital-pay/jobs';
import {
  dateValue,
  insertRow,
  isUniqueViolation,
  type OrderView,
  type Payments,
  type Scene,
  toColumns,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { fail } from './errors';
import { type Link, type NewLink, readLink } from './link';
import { type BillState, billState } from './state';
import { codeOf, isTokenOf, newCode, tokenOf } from './tokens';

/** How a bill is to be paid now. */
export interface Way {
  scene: Scene;
  /** Left out for a payment code: it says itself whose it is. */
  channel?: string | undefined;
  authCode?: string | undefined;
  payerId?: string | undefined;
  /** What the payer's device made, where the channel takes one. */
  token?: string | undefined;
  clientIp?: string | undefined;
  returnUrl?: string | undefined;
  terminalCode?: string | undefined;
}

export interface Standing {
  link: Link;
  state: BillState;
  /** The order that paid, else the latest made of this bill. */
  order: OrderView | undefined;
}

export interface Links {
  /** Same (merchant, merchantOrderNo) and content: the first link again. @throws LINK_CONFLICT, LINK_ITEMS */
  create(input: NewLink, by: { merchantCode: string; appId?: string; operatorCode?: string }): Promise<Link>;
  /** The open link of a HIS bill, else a new one; one of an amount that HIS has changed since is withdrawn first. */
  ofBill(
    bill: Omit<NewLink, 'merchantOrderNo'> & { businessNo: string },
    by: { merchantCode: string; operatorCode?: string },
  ): Promise<Link>;
  /** @throws LINK_INVALID for a token that nobody was given. */
  open(token: string): Promise<Link>;
  find(where: { code: string } | { merchantCode: string; merchantOrderNo: string }): Promise<Link>;
  tokenOf(link: Link): string;
  standing(link: Link): Promise<Standing>;
  /** As standing, after asking the channel when the order is undecided. */
  ask(link: Link): Promise<Standing>;
  /** Answers as soon as the bill's order changes, or as it is after `ms`. */
  wait(link: Link, ms: number): Promise<Standing>;
  /**
   * Makes the one order that may be paid now: what is open of another way is closed at its channel first.
   * @throws LINK_PAID, LINK_EXPIRED, LINK_CLOSED, LINK_BUSY and what orders.create throws
   */
  pay(link: Link, way: Way): Promise<Standing>;
  /** Withdraws a bill that nobody has paid. @throws LINK_PAID, LINK_BUSY */
  close(link: Link): Promise<Standing>;
  /** Marks what has run out. */
  sweep(): Promise<void>;
  /** An order changed: a bill that it paid is paid. */
  heard(orderNo: string): Promise<void>;
}

const system = { kind: 'system' as const };
const lockMs = 60_000;
const patienceMs = 15_000;
const pollMs = 100;
const longestOrder = 900;
const shortestOrder = 60;
/** An order with less time left is not handed out again. */
const freshMs = 20_000;
/** A link with less time left is not shown to another patient. */
const freshLinkMs = 600_000;

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

export function createLinks(options: { db: Knex; clock: Clock; payments: Payments }): Links {
  const { db, clock, payments } = options;
  const key = payments.vault.keyFor('payment-links');
  const leases = createLeases(db, clock);
  const rows = () => db('payment_links');

  const reread = async (link: Link): Promise<Link> => {
    const row: object | undefined = await rows().where({ id: link.id }).first();
    if (!row) throw fail('LINK_UNKNOWN');
    return readLink(row);
  };

  /** Compare-and-set on the states the change may start from. */
  const move = async (
    link: Link,
    from: Link['status'][],
    changes: Partial<Pick<Link, 'status' | 'orderNo' | 'paidAt'>>,
  ): Promise<Link> => {
    await rows()
      .where({ id: link.id })
      .whereIn('status', from)
      .update(toColumns(db, { ...changes, updatedAt: clock.now() }));
    return reread(link);
  };

  const numberOf = (link: Link, tries = link.tries) => `${link.merchantOrderNo}-${tries}`;

  const latestOrder = async (link: Link): Promise<OrderView | undefined> => {
    if (link.tries === 0) return undefined;
    const { merchantCode } = link;
    try {
      return await payments.orders.get({ merchantCode, merchantOrderNo: numberOf(link) }, system);
    } catch (error) {
      // A process that died between taking the number and making the order.
      if (isPlatformError(error) && error.code === 'ORDER_NOT_FOUND') return undefined;
      throw error;
    }
  };

  /**
   * The order that holds this business's money, however it was made; else one of this bill that gave it back. Half of a
   * mixed payment pays nothing until the whole is paid.
   */
  const payingOrder = async (link: Link): Promise<string | undefined> => {
    const found: { order_no: string; merchant_order_no: string; status: string }[] = await db('orders')
      .leftJoin('mixed_payments', 'mixed_payments.mixed_no', 'orders.mixed_no')
      .where({ 'orders.merchant_code': link.merchantCode, 'orders.business_no': link.businessNo })
      .whereIn('orders.status', ['paid', 'partially_refunded', 'refunded'])
      .where((row) => row.whereNull('orders.mixed_no').orWhere({ 'mixed_payments.state': 'paid' }))
      .orderBy('orders.id')
      .select('orders.order_no', 'orders.merchant_order_no', 'orders.status');
    const isOurs = (number: string) => number.startsWith(`${link.merchantOrderNo}-`);
    const kept = found.find(({ status }) => status !== 'refunded');
    return (kept ?? found.find((order) => isOurs(order.merchant_order_no)))?.order_no;
  };

  const standing = async (given: Link): Promise<Standing> => {
    let link = given;
    if (link.status !== 'paid') {
      const orderNo = await payingOrder(link);
      if (orderNo) {
        const { paidAt } = await payments.orders.get({ orderNo }, system);
        link = await move(link, ['open', 'expired', 'closed'], {
          status: 'paid',
          orderNo,
          paidAt: paidAt ? new Date(paidAt) : clock.now(),
        });
      }
    }
    const order =
      link.status === 'paid' && link.orderNo
        ? await payments.orders.get({ orderNo: link.orderNo }, system)
        : await latestOrder(link);
    return { link, order, state: billState(link, order, clock.now()) };
  };

  /** One at a time for one bill, among all processes. */
  const locked = async <Result>(link: Link, work: (fresh: Link) => Promise<Result>): Promise<Result> => {
    const name = `job:link-${link.code}`;
    const holder = randomUUID();
    const giveUpAt = performance.now() + patienceMs;
    while (!(await leases.take(name, holder, new Date(clock.now().getTime() + lockMs)))) {
      if (performance.now() > giveUpAt) throw fail('LINK_BUSY');
      await sleep(pollMs);
    }
    try {
      return await work(await reread(link));
    } finally {
      await leases.release(name, holder);
    }
  };

  const isSamePayment = (link: Link, order: OrderView, way: Way): boolean =>
    order.status === 'pending' &&
    order.payerAction !== null &&
    order.scene === way.scene &&
    order.channel === way.channel &&
    link.payerHash === (way.payerId ? hash(way.payerId) : null) &&
    order.expiresAt !== null &&
    Date.parse(order.expiresAt) - clock.now().getTime() > freshMs;

  /** Ends an order that another is to take the place of; only the channel's word ends it. */
  const setAside = async (link: Link, orderNo: string): Promise<Standing> => {
    try {
      await payments.orders.close({ orderNo }, system);
    } catch (error) {
      if (!isPlatformError(error) || (error.code !== 'ORDER_ALREADY_PAID' && error.code !== 'ORDER_BUSY')) {
        throw error;
      }
    }
    return standing(link);
  };

  const mustBePayable = (now: Standing): void => {
    switch (now.state) {
      case 'payable':
        return;
      case 'paying':
      case 'confirming':
        throw fail('LINK_BUSY');
      case 'paid':
      case 'partially_refunded':
      case 'refunded':
        throw fail('LINK_PAID');
      case 'expired':
        throw fail('LINK_EXPIRED');
      case 'closed':
        throw fail('LINK_CLOSED');
      default:
        now.state satisfies never;
    }
  };

  const createOrder = async (link: Link, way: Way): Promise<Standing> => {
    const tries = link.tries + 1;
    const payerHash = way.payerId ? hash(way.payerId) : null;
    // The number is taken before the order is made: after a crash it is asked about, never used for another.
    const taken = await rows()
      .where({ id: link.id, status: 'open' })
      .whereRaw('coalesce(tries, 0) = ?', [link.tries])
      .update(toColumns(db, { tries, payerHash, updatedAt: clock.now() }));
    if (taken === 0) throw fail('LINK_BUSY');
    const left = Math.floor((link.expiresAt.getTime() - clock.now().getTime()) / 1000);
    await payments.orders.create(
      {
        merchantCode: link.merchantCode,
        merchantOrderNo: numberOf(link, tries),
        amountFen: link.amountFen,
        subject: link.subject,
        businessNo: link.businessNo,
        bizType: link.bizType ?? undefined,
        patientName: link.patientName ?? undefined,
        patientId: link.patientId ?? undefined,
        cardNo: link.cardNo ?? undefined,
        department: link.department ?? undefined,
        operatorCode: link.operatorCode ?? undefined,
        ...way,
        terminalCode: way.terminalCode ?? link.terminalCode ?? undefined,
        ...(way.scene === 'micropay'
          ? {}
          : { expiresIn: Math.min(longestOrder, Math.max(shortestOrder, left)) }),
      },
      system,
    );
    return standing(await reread(link));
  };

  const find: Links['find'] = async (where) => {
    const row: object | undefined = await rows().where(toColumns(db, where)).first();
    if (!row) throw fail('LINK_UNKNOWN');
    return readLink(row);
  };

  const create: Links['create'] = async (input, by) => {
    const sum = input.items.reduce((total, { amountFen }) => total + amountFen, 0);
    if (input.items.length > 0 && sum !== input.amountFen) throw fail('LINK_ITEMS', { sumFen: sum });
    const { expiresIn, ...facts } = input;
    const requestHash = hash(JSON.stringify([input, by]));
    const now = clock.now();
    const code = newCode();
    // Whole seconds: the signature covers them, and databases keep different fractions.
    const expiresAt = new Date(Math.floor(now.getTime() / 1000 + expiresIn) * 1000);
    try {
      await insertRow(
        db,
        'payment_links',
        {
          ...facts,
          ...by,
          code,
          businessNo: facts.businessNo ?? code,
          status: 'open',
          tries: 0,
          createdTime: now,
          expiresAt,
          requestHash,
        },
        now,
      );
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
    }
    const { merchantCode } = by;
    const link = await find({ merchantCode, merchantOrderNo: input.merchantOrderNo });
    if (link.requestHash !== requestHash) throw fail('LINK_CONFLICT', { code: link.code });
    return link;
  };

  const close: Links['close'] = (given) =>
    locked(given, async (link) => {
      let now = await standing(link);
      if (now.state === 'paying' && now.order) now = await setAside(now.link, now.order.orderNo);
      if (now.state === 'closed' || now.state === 'expired') return now;
      mustBePayable(now);
      return standing(await move(now.link, ['open'], { status: 'closed' }));
    });

  return {
    create,
    close,

    async ofBill(bill, by) {
      const { merchantCode } = by;
      const found: object[] = await rows().where({
        merchant_code: merchantCode,
        business_no: bill.businessNo,
        status: 'open',
      });
      for (const link of found.map(readLink)) {
        const isFresh = link.expiresAt.getTime() - clock.now().getTime() > freshLinkMs;
        if (isFresh && link.amountFen === bill.amountFen) return link;
        await close(link);
      }
      return create({ ...bill, merchantOrderNo: `B${newCode()}` }, by);
    },

    async open(token) {
      const code = codeOf(token);
      const row: object | undefined = code ? await rows().where({ code }).first() : undefined;
      const link = row && readLink(row);
      if (!link || !isTokenOf(key, link, token)) throw fail('LINK_INVALID');
      return link;
    },

    find,
    tokenOf: (link) => tokenOf(key, link),
    standing,

    async ask(link) {
      const now = await standing(link);
      if (now.state !== 'paying' && now.state !== 'confirming') return now;
      if (now.order) await payments.orders.query({ orderNo: now.order.orderNo }, system);
      return standing(now.link);
    },

    async wait(link, ms) {
      const now = await standing(link);
      if (!now.order || ms <= 0) return now;
      await payments.orders.waitForChange({ orderNo: now.order.orderNo }, ms, system);
      return standing(await reread(link));
    },

    pay: (given, way) =>
      locked(given, async (link) => {
        let now = await standing(link);
        if (now.order && (now.state === 'paying' || now.state === 'confirming')) {
          if (isSamePayment(now.link, now.order, way)) return now;
          if (now.state === 'paying') now = await setAside(now.link, now.order.orderNo);
        }
        mustBePayable(now);
        return createOrder(now.link, way);
      }),

    async sweep() {
      await rows()
        .where({ status: 'open' })
        .where('expires_at', '<=', dateValue(db, clock.now()))
        .update(toColumns(db, { status: 'expired', updatedAt: clock.now() }));
    },

    async heard(orderNo) {
      const order: { merchant_code: string; business_no: string | null; status: string } | undefined =
        await db('orders').where({ order_no: orderNo }).first('merchant_code', 'business_no', 'status');
      if (!order?.business_no || order.status !== 'paid') return;
      const found: object[] = await rows()
        .where({ merchant_code: order.merchant_code, business_no: order.business_no })
        .whereNot({ status: 'paid' });
      for (const row of found) await standing(readLink(row));
    },
  };
}
