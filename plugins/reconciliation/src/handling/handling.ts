import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Access, SignedInAccount } from '@hospital-pay/access';
import { isPlatformError, type PlatformError } from '@hospital-pay/errors';
import type { Clock } from '@hospital-pay/jobs';
import {
  businessDay,
  type Caller,
  type DayRule,
  dateValue,
  type Payments,
  type RefundView,
  toColumns,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { assertOpen, holdPeriods } from '../closings/ledger';
import { ownCurrency } from '../currency';
import { fail } from '../errors';
import type { Realtime } from '../realtime';
import { merchantRow, readRow, readRows } from '../rows';
import { settingsFor } from '../rule-book';
import { storedApprovalRules, thresholdFor } from './approval-rules';
import {
  type Attachment,
  addAttachment,
  attachmentOf,
  attachmentsOf,
  type KeptFile,
  keepFile,
} from './attachments';
import { type HandledCase, handledCase } from './case';
import {
  type Act,
  type Change,
  decide,
  decideMatch,
  type Facts,
  lockedUntil,
  notRefunded,
  offersOf,
  type Person,
  refunded,
} from './decide';
import { type CaseStep, recordStep, stepsOf } from './history';
import { isUnhandled } from './states';

/** Who acts, as the guard found him. */
export type Actor = Pick<SignedInAccount, 'username' | 'can' | 'mayUseMerchant'> & { ip?: string };

export type Result =
  | { caseNo: string; ok: true; status: HandledCase['status'] }
  | { caseNo: string; ok: false; error: { code: string; zh: string; en: string; details: object } };

export interface CaseDetail {
  entry: HandledCase;
  steps: CaseStep[];
  attachments: Attachment[];
  /** The other cases that it is matched with, or is to be. */
  group: HandledCase[];
  offers: ReturnType<typeof offersOf>;
  lockedUntil: string | null;
  /** Its online refund, while the channel has not answered. */
  refund: Pick<RefundView, 'refundNo' | 'status'> | null;
}

export interface Handling {
  /** @throws CASE_NOT_FOUND and what `decide` throws */
  act(caseNo: string, act: Act, by: Actor): Promise<Result & { ok: true }>;
  /** Each case is judged by itself; what one refuses does not stop the others. */
  actOnAll(caseNos: string[], actOn: (caseNo: string) => Act, by: Actor): Promise<Result[]>;
  match(caseNos: string[], stated: { note: string; differenceFen: number }, by: Actor): Promise<Result[]>;
  attach(caseNo: string, file: { name: string; bytes: Buffer; note: string }, by: Actor): Promise<Attachment>;
  attachment(attachmentNo: string, by: Actor): Promise<Attachment & { file: string }>;
  detail(caseNo: string, by: Actor): Promise<CaseDetail>;
  /** Open one-sided entries that could be this one's other side, the nearest in amount and time first. */
  counterparts(caseNo: string, by: Actor): Promise<HandledCase[]>;
  /** Asks on about refunds under way, and opens again what was in transit for too long. */
  sweep(): Promise<void>;
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface HandlingOptions {
  db: Knex;
  clock: Clock;
  payments: Pick<Payments, 'refunds' | 'events'>;
  audit: Access['audit'];
  realtime: Realtime;
  /** Where attachments lie. */
  folder: string;
  /** Something may look different now. */
  changed(): void;
  report(error: unknown): void;
}

const china = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };
const sweepSize = 200;
const mostCounterparts = 50;
/** A proposal is carried out under one number of its own, so that however often it is tried it refunds once. */
const refundNumberOf = ({ caseNo, proposedAt }: HandledCase): string =>
  `${caseNo}-${(proposedAt?.getTime() ?? 0).toString(36).toUpperCase()}`;

const heldByOrder = z.object({
  paidFen: z.number().nullable(),
  refundedFen: z.number().nullable(),
  refundingFen: z.number().nullable(),
  hisChargedFen: z.number().nullable(),
  hisRefundedFen: z.number().nullable(),
});

export function createHandling(options: HandlingOptions): Handling {
  const { db, clock, payments, audit, realtime, folder, changed, report } = options;
  const running = new Set<Promise<void>>();

  const personOf = ({ username, can }: Actor): Person => ({
    username,
    mayHandle: can('resolve', 'discrepancy'),
    mayApprove: can('approve', 'discrepancy'),
    mayRefund: can('refund', 'order'),
  });

  async function find(trx: Knex, caseNo: string): Promise<HandledCase | undefined> {
    return readRow(handledCase, await trx('discrepancies').where({ case_no: caseNo }).first().forUpdate());
  }

  async function visible(trx: Knex, caseNo: string, by: Actor): Promise<HandledCase> {
    const entry = await find(trx, caseNo);
    if (!entry || !by.mayUseMerchant(entry.merchantCode)) throw fail('CASE_NOT_FOUND', { caseNo });
    return entry;
  }

  /** Where several cases were matched with each other, one decision is about all of them. */
  async function concerned(trx: Knex, entry: HandledCase, act: Act): Promise<HandledCase[]> {
    const isShared =
      act.do === 'approve' || act.do === 'reject' || act.do === 'withdraw' || act.do === 'undo';
    if (!isShared || entry.groupNo === null) return [entry];
    return readRows(
      handledCase,
      await trx('discrepancies').where({ group_no: entry.groupNo }).orderBy('id').forUpdate(),
    );
  }

  async function dayRuleOf(trx: Knex, merchantCode: string): Promise<DayRule> {
    const row: unknown = await trx('merchants')
      .where({ code: merchantCode })
      .first('code', 'zone', 'day_cutoff');
    return readRow(merchantRow, row) ?? china;
  }

  const todayOf = async (trx: Knex, merchantCode: string): Promise<string> =>
    businessDay(clock.now(), await dayRuleOf(trx, merchantCode));

  async function factsOf(trx: Knex, entry: HandledCase): Promise<Facts> {
    const { merchantCode, payType: channel, date, currency } = entry;
    const rules = await storedApprovalRules(trx);
    const { suspenseDays } = await settingsFor(trx, { merchantCode, channel, bizType: null, date });
    const isForeign = currency !== (await ownCurrency(trx, [merchantCode]));
    return {
      now: clock.now(),
      today: await todayOf(trx, merchantCode),
      thresholdOf(action) {
        const threshold = thresholdFor(rules, merchantCode, action);
        // Thresholds are of the hospital's own currency: what cannot be measured by them, were it 0, is looked at by two.
        return threshold !== null && isForeign ? -1 : threshold;
      },
      suspenseDays,
      owedFen: await owedFen(trx, entry),
    };
  }

  async function owedFen(trx: Knex, { leg, orderNo }: HandledCase): Promise<number | null> {
    if (leg === 'channel' || orderNo === null) return null;
    const held = readRow(heldByOrder, await trx('orders').where({ order_no: orderNo }).first());
    if (!held) return null;
    const platform = (held.paidFen ?? 0) - (held.refundedFen ?? 0) - (held.refundingFen ?? 0);
    return platform - ((held.hisChargedFen ?? 0) - (held.hisRefundedFen ?? 0));
  }

  /** @throws CASE_CHANGED when somebody else was faster */
  async function apply(
    trx: Knex,
    entry: HandledCase,
    { to, set, step }: Change,
    actor: string,
    extra: { attachmentNo?: string } = {},
  ): Promise<void> {
    const now = clock.now();
    const mine = trx('discrepancies').where({ id: entry.id, status: entry.status });
    if (entry.proposedAt) mine.where('proposed_at', dateValue(trx, entry.proposedAt));
    const moved = await mine.update(toColumns(trx, { ...set, status: to, updatedAt: now }));
    if (moved !== 1) throw fail('CASE_CHANGED', { caseNo: entry.caseNo });
    await recordStep(trx, {
      caseNo: entry.caseNo,
      merchantCode: entry.merchantCode,
      at: now,
      actor,
      fromStatus: entry.status,
      toStatus: to,
      groupNo: set.groupNo ?? entry.groupNo,
      assignee: set.assignee === undefined ? null : set.assignee,
      ...step,
      ...extra,
    });
  }

  /** The last thing that a transaction does: until it ends nobody else writes to the trail. */
  async function tell(trx: Knex.Transaction, made: Made, actor: string, ip?: string): Promise<void> {
    for (const [{ caseNo, status, currency }, { to, step }] of made) {
      const { action, amountFen, day, note } = step;
      await audit.write(
        {
          actor,
          action,
          subject: 'discrepancy',
          subjectKey: caseNo,
          before: { status },
          after: { status: to, amountFen, currency, day, note },
          ...(ip === undefined ? {} : { ip }),
        },
        trx,
      );
    }
  }

  /**
   * What is settled counts on the day on which it is, and what is taken back on the day on which it was settled.
   * @throws PERIOD_CLOSED
   */
  async function checkPeriod(
    trx: Knex,
    entry: HandledCase,
    { to, set }: Change,
    today: string,
  ): Promise<void> {
    const days = [
      ...(to === 'resolved' || to === 'refunding' ? [today] : []),
      ...(entry.status === 'resolved' && entry.resolvedAt
        ? [businessDay(entry.resolvedAt, await dayRuleOf(trx, entry.merchantCode))]
        : []),
      ...(set.carriedTo ? [set.carriedTo] : []),
    ];
    if (days.length > 0) await holdPeriods(trx, entry.merchantCode, 'write');
    for (const day of days) await assertOpen(trx, entry.merchantCode, day);
  }

  type Made = [entry: HandledCase, change: Change][];

  /** What has to happen once the decision is committed. */
  async function follow(made: Made): Promise<void> {
    for (const [entry, { to }] of made) {
      if (to === 'refunding') await advance(entry.caseNo).catch(report);
      // While somebody held it the world went on: it may have healed, or differ otherwise by now.
      if (to === 'open' && entry.status !== 'open') await compareAgain(entry).catch(report);
    }
    changed();
  }

  async function compareAgain({ orderNo, merchantCode, hisSerialNo }: HandledCase): Promise<void> {
    if (orderNo !== null) await realtime.order(orderNo);
    if (hisSerialNo !== null) await realtime.hisRecords([{ merchantCode, hisSerialNo }]);
  }

  async function perform(caseNo: string, act: Act, by: Actor): Promise<Made> {
    const givesBack = act.do === 'approve' || (act.do === 'propose' && act.action === 'online_refund');
    if (givesBack) {
      const { orderNo } = await visible(db, caseNo, by);
      if (orderNo !== null) await realtime.order(orderNo);
    }
    const made = await db.transaction(async (trx) => {
      const done: Made = [];
      for (const entry of await concerned(trx, await visible(trx, caseNo, by), act)) {
        const facts = await factsOf(trx, entry);
        const change = decide(entry, act, personOf(by), facts);
        await checkPeriod(trx, entry, change, facts.today);
        await apply(trx, entry, change, by.username);
        done.push([entry, change]);
      }
      await tell(trx, done, by.username, by.ip);
      return done;
    });
    await follow(made);
    return made;
  }

  async function statusOf(caseNo: string): Promise<Result & { ok: true }> {
    const row: unknown = await db('discrepancies').where({ case_no: caseNo }).first('status');
    const status = readRow(handledCase.pick({ status: true }), row)?.status ?? 'open';
    return { caseNo, ok: true, status };
  }

  /** Carries an approved online refund to the channel, or learns what became of it. */
  async function advance(caseNo: string): Promise<void> {
    const entry = await find(db, caseNo);
    if (entry?.status !== 'refunding' || entry.orderNo === null) return;
    const refund = await send(entry, entry.orderNo);
    const now = clock.now();
    if ('refusal' in refund) await finish(entry, notRefunded(entry, refund.refusal, now));
    else if (refund.status === 'succeeded') {
      await finish(entry, refunded(entry, refund.refundedAt ? new Date(refund.refundedAt) : now, now));
    } else if (refund.status === 'failed') {
      const error = refund.error;
      await finish(entry, notRefunded(entry, error ? `${error.code} ${error.zh}` : '', now));
    }
    // Anything else is not known yet: the case says so until the channel has answered.
  }

  async function send(entry: HandledCase, orderNo: string): Promise<RefundView | { refusal: string }> {
    const { merchantCode, proposedFen, proposedBy, proposedNote, caseNo } = entry;
    const merchantRefundNo = refundNumberOf(entry);
    const request = {
      order: { orderNo },
      merchantRefundNo,
      amountFen: proposedFen ?? 0,
      reason: proposedNote ?? caseNo,
    };
    const caller: Caller = {
      kind: 'staff',
      username: proposedBy ?? 'system',
      merchantCodes: [merchantCode],
    };
    try {
      return await payments.refunds.create(request, caller);
    } catch (error) {
      if (!isPlatformError(error)) throw error;
      const known: unknown = await db('refunds')
        .where({ merchant_code: merchantCode, merchant_refund_no: merchantRefundNo })
        .first('id');
      // Refused before there was a refund: nothing has left the house.
      if (known === undefined) return { refusal: `${error.code} ${error.text.zh}` };
      return payments.refunds.get({ merchantCode, merchantRefundNo }, { kind: 'system' });
    }
  }

  /** Whoever hears the channel's answer first writes it down; who comes later finds it written. */
  async function finish(entry: HandledCase, change: Change): Promise<void> {
    const isMine = await db.transaction(async (trx) => {
      const now = await find(trx, entry.caseNo);
      if (now?.status !== 'refunding') return false;
      await apply(trx, now, change, 'system');
      await tell(trx, [[now, change]], 'system');
      return true;
    });
    if (!isMine) return;
    if (change.to === 'open') await compareAgain(entry);
    changed();
  }

  function inBackground(task: () => Promise<void>): void {
    const run: Promise<void> = task()
      .catch(report)
      .finally(() => running.delete(run));
    running.add(run);
  }

  const stop = payments.events.on('refund.changed', ({ orderNo }) => {
    inBackground(async () => {
      const rows: unknown = await db('discrepancies')
        .where({ order_no: orderNo, status: 'refunding' })
        .select('case_no');
      for (const { caseNo } of readRows(handledCase.pick({ caseNo: true }), rows)) await advance(caseNo);
    });
  });

  async function settled(): Promise<void> {
    while (running.size > 0) await Promise.allSettled([...running]);
  }

  async function overdue(): Promise<void> {
    const rows: unknown = await db('discrepancies')
      .where({ status: 'in_transit' })
      .limit(10 * sweepSize);
    const today = new Map<string, string>();
    for (const entry of readRows(handledCase, rows)) {
      const { merchantCode, dueOn } = entry;
      const day = today.get(merchantCode) ?? (await todayOf(db, merchantCode));
      today.set(merchantCode, day);
      if (dueOn === null || dueOn >= day) continue;
      const change: Change = {
        to: 'open',
        set: { dueOn: null },
        step: { action: 'overdue', amountFen: null, day: dueOn, note: '' },
      };
      const open = async (trx: Knex.Transaction): Promise<void> => {
        await apply(trx, entry, change, 'system');
        await tell(trx, [[entry, change]], 'system');
      };
      await db.transaction(open).catch(report);
      changed();
    }
  }

  return {
    settled,

    async act(caseNo, act, by) {
      await perform(caseNo, act, by);
      return statusOf(caseNo);
    },

    async actOnAll(caseNos, actOn, by) {
      const done = new Set<string>();
      const results: Result[] = [];
      for (const caseNo of new Set(caseNos)) {
        try {
          // A group that was decided with another of its cases is decided.
          const made = done.has(caseNo) ? [] : await perform(caseNo, actOn(caseNo), by);
          for (const [entry] of made) done.add(entry.caseNo);
          results.push(await statusOf(caseNo));
        } catch (error) {
          if (!isPlatformError(error)) report(error);
          results.push(refusalOf(caseNo, isPlatformError(error) ? error : fail('CASE_NOT_DONE')));
        }
        // SQLite answers without letting anybody else have a turn.
        await setImmediate();
      }
      return results;
    },

    async match(caseNos, { note, differenceFen }, by) {
      const groupNo = `G${randomBytes(8).toString('hex').toUpperCase()}`;
      const made = await db.transaction(async (trx) => {
        const entries: HandledCase[] = [];
        for (const caseNo of [...new Set(caseNos)].sort()) entries.push(await visible(trx, caseNo, by));
        const [first] = entries;
        if (!first) throw fail('MATCH_UNFIT');
        const facts = await factsOf(trx, first);
        const changes = decideMatch(entries, { groupNo, note, differenceFen }, personOf(by), facts);
        const done: Made = [];
        for (const [index, change] of changes.entries()) {
          const entry = entries[index];
          if (!entry) continue;
          await checkPeriod(trx, entry, change, facts.today);
          await apply(trx, entry, change, by.username);
          done.push([entry, change]);
        }
        await tell(trx, done, by.username, by.ip);
        return done;
      });
      await follow(made);
      return made.map(([{ caseNo }, { to }]) => ({ caseNo, ok: true, status: to }));
    },

    async attach(caseNo, { name, bytes, note }, by) {
      await visible(db, caseNo, by);
      if (!by.can('resolve', 'discrepancy')) throw fail('CASE_FORBIDDEN');
      const file: KeptFile = await keepFile(folder, name, bytes);
      const act: Act = { do: 'attach', note: note || file.fileName };
      const attachmentNo = await db.transaction(async (trx) => {
        const found = await visible(trx, caseNo, by);
        const attached = decide(found, act, personOf(by), await factsOf(trx, found));
        const number = await addAttachment(trx, found, file, by.username, clock.now());
        await apply(trx, found, attached, by.username, { attachmentNo: number });
        await tell(trx, [[found, attached]], by.username, by.ip);
        return number;
      });
      const attachment = await attachmentOf(db, attachmentNo);
      if (!attachment) throw fail('ATTACHMENT_NOT_FOUND');
      return attachment;
    },

    async attachment(attachmentNo, by) {
      const found = await attachmentOf(db, attachmentNo);
      if (!found || !by.mayUseMerchant(found.merchantCode)) throw fail('ATTACHMENT_NOT_FOUND');
      // A receipt may name the patient.
      if (!by.can('unmask', 'patient')) throw fail('CASE_FORBIDDEN');
      return { ...found, file: path.join(folder, found.path) };
    },

    async detail(caseNo, by) {
      const entry = await visible(db, caseNo, by);
      const facts = await factsOf(db, entry);
      const { groupNo } = entry;
      const group =
        groupNo === null
          ? []
          : readRows(
              handledCase,
              await db('discrepancies').where({ group_no: groupNo }).whereNot({ id: entry.id }).orderBy('id'),
            );
      const refund =
        entry.status === 'refunding'
          ? readRow(
              refundState,
              await db('refunds')
                .where({ merchant_code: entry.merchantCode, merchant_refund_no: refundNumberOf(entry) })
                .first(),
            )
          : undefined;
      const until = lockedUntil(entry, facts.suspenseDays);
      return {
        entry,
        steps: await stepsOf(db, caseNo),
        attachments: await attachmentsOf(db, caseNo),
        group,
        offers: entry.status === 'open' || entry.status === 'in_transit' ? offersOf(entry, facts) : [],
        lockedUntil: until !== null && facts.today <= until && isUnhandled(entry.status) ? until : null,
        refund: refund ?? null,
      };
    },

    async counterparts(caseNo, by) {
      const entry = await visible(db, caseNo, by);
      const others: Record<string, [kind: string, leg: string][]> = {
        his_only: [
          ['platform_only', 'his'],
          ['channel_only', 'channel'],
        ],
        platform_only: [entry.leg === 'channel' ? ['channel_only', 'channel'] : ['his_only', 'his']],
        channel_only: [
          ['platform_only', 'channel'],
          ['his_only', 'his'],
        ],
      };
      const wanted = others[entry.kind];
      if (!wanted) return [];
      const rows: unknown = await db('discrepancies')
        .where({
          merchant_code: entry.merchantCode,
          trade_kind: entry.tradeKind,
          currency: entry.currency,
        })
        .whereIn('status', ['open', 'in_transit'])
        .where((either) => {
          for (const [kind, leg] of wanted) {
            // Entries without a leg are older than legs, and about HIS.
            either.orWhere((one) =>
              one.where({ kind }).where((on) => {
                on.where({ leg });
                if (leg === 'his') on.orWhereNull('leg');
              }),
            );
          }
        })
        .orderBy('occurred_at', 'desc')
        .limit(10 * mostCounterparts);
      const fen = Math.abs(entry.differenceFen);
      const apart = (other: HandledCase) => Math.abs(Math.abs(other.differenceFen) - fen);
      const away = (other: HandledCase) => Math.abs(other.occurredAt.getTime() - entry.occurredAt.getTime());
      return readRows(handledCase, rows)
        .sort((a, b) => apart(a) - apart(b) || away(a) - away(b))
        .slice(0, mostCounterparts);
    },

    async sweep() {
      const rows: unknown = await db('discrepancies')
        .where({ status: 'refunding' })
        .orderBy('updated_at')
        .limit(sweepSize)
        .select('case_no');
      for (const { caseNo } of readRows(handledCase.pick({ caseNo: true }), rows)) {
        await advance(caseNo).catch(report);
      }
      await overdue();
    },

    async close() {
      stop();
      await settled();
    },
  };
}

const refundState = z.object({
  refundNo: z.string(),
  status: z.enum(['requested', 'processing', 'succeeded', 'failed', 'unknown']),
});

const refusalOf = (caseNo: string, { code, text, details }: PlatformError): Result => ({
  caseNo,
  ok: false,
  error: { code, ...text, details },
});
