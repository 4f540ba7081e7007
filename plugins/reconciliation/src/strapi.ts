import path from 'node:path';
import { access, type SignedInAccount } from '@hospital-pay/access';
import { jobs } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { installBank } from './bank/install';
import { bankController, bankRoutes } from './bank/routes';
import { checkSettlement } from './bank/settlements';
import { createBillArchive } from './bills/archive';
import { createBills, storageOf, workBills } from './bills/install';
import { billController, billRoutes } from './bills/routes';
import { createClosings } from './closings/closings';
import { followLateNews, type LateNews } from './closings/late-news';
import type { LateRefunds } from './closings/ledger';
import { closingController, closingRoutes } from './closings/routes';
import { giveCasesTheirCurrency } from './currency';
import { databaseOf, type Engine, forkedEngine } from './engine/engine';
import { fail, reconciliationErrors } from './errors';
import { currency } from './export/figures-reports';
import { incomeReport } from './export/income-report';
import { installExports, workExports } from './export/install';
import { scopeOf } from './export/report';
import { exportController, exportRoutes } from './export/routes';
import { createFigures } from './figures';
import { installHandling, workHandling } from './handling/install';
import { handlingController, handlingRoutes } from './handling/routes';
import { createIncome } from './income';
import { incomeController, incomeRoutes } from './income-routes';
import { provideReconciliation, reconciliation } from './index';
import { createLive, told } from './live';
import { streamLive } from './live-stream';
import { createLocator, type Row, timelineOf } from './locate';
import { followNews, type News } from './news';
import { createRealtime } from './realtime';
import { inEnglish } from './remarks';
import { checkedRule, graceByRules, guardRules } from './rule-book';
import { createRuleTrial } from './rule-trial';
import { createRuns, type Run } from './runs';
import { shiftController, shiftRoutes } from './shifts/routes';
import { createShifts } from './shifts/shifts';

const sweepEveryMs = 3000;
const runSweepEveryMs = 60_000;
const longestRangeDays = 366;

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const code = z.string().min(1).max(64);
const merchantQuery = z.object({ merchantCode: code.optional(), currency: currency.optional() });
const rangeQuery = merchantQuery.extend({ from: day, to: day, payType: code.optional() });
const dayQuery = merchantQuery.extend({ date: day, payType: code.optional() });
const analysisQuery = dayQuery.extend({
  leg: z.enum(['his', 'channel']).optional(),
  kind: code.optional(),
});
const runBody = z.object({ date: day, accountCode: code.optional() }).strict();
const trialBody = z
  .object({ accountCode: code, date: day, rules: z.record(z.string(), z.unknown()) })
  .strict();
function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
  }
  return parsed.data;
}

/** As it was before this start, if there was one. */
const caseTypeOf = (contentTypes: unknown) =>
  z
    .object({
      'api::discrepancy.discrepancy': z.object({ attributes: z.looseObject({ currency: z.unknown() }) }),
    })
    .safeParse(contentTypes).data?.['api::discrepancy.discrepancy'];

const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;

function runView({
  runNo,
  accountCode,
  channel,
  date,
  status,
  counts,
  stage,
  done,
  errorCode,
  errorMessage,
  fileName,
  lineNo,
  nextAt,
}: Run) {
  const failure = { errorCode, errorMessage, fileName, lineNo };
  return { runNo, accountCode, channel, date, status, stage, done, counts, ...failure, nextAt };
}

const books = ({ strapi }: { strapi: Core.Strapi }) => {
  const masked = <Item extends object>(type: string, rows: Item[], account: SignedInAccount): Item[] =>
    rows.map((row) => access(strapi).mask(type, row, account));
  const allowed = (type: string, rows: Row[], account: SignedInAccount): Row[] =>
    account.can('read', type) ? masked(type, rows, account) : [];

  return {
    async today(ctx: Context) {
      const { merchantCode, currency } = read(merchantQuery, ctx.query);
      const scope = scopeOf(accountOf(ctx), merchantCode);
      ctx.body = await reconciliation(strapi).figures.today(scope, { currency });
    },

    live(ctx: Context) {
      const { merchantCode, currency } = read(merchantQuery, ctx.query);
      const scope = scopeOf(accountOf(ctx), merchantCode);
      streamLive(strapi, reconciliation(strapi).live, ctx, { scope, currency });
    },

    async summary(ctx: Context) {
      const { merchantCode, from, to, payType, currency } = read(rangeQuery, ctx.query);
      const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
      if (!(days >= 0)) throw fail('REQUEST_INVALID', { fields: ['from', 'to'] });
      if (days > longestRangeDays) throw fail('RANGE_TOO_LONG');
      const scope = scopeOf(accountOf(ctx), merchantCode);
      ctx.body = await reconciliation(strapi).figures.summary(scope, { from, to, payType, currency });
    },

    async analysis(ctx: Context) {
      const { merchantCode, ...asked } = read(analysisQuery, ctx.query);
      const account = accountOf(ctx);
      const scope = scopeOf(account, merchantCode);
      const { cases, ...answer } = await reconciliation(strapi).figures.analysis(scope, asked);
      ctx.body = { ...answer, cases: masked('discrepancy', cases, account) };
    },

    async statistics(ctx: Context) {
      const { merchantCode, date, currency } = read(dayQuery, ctx.query);
      const account = accountOf(ctx);
      const scope = scopeOf(account, merchantCode);
      const report = await reconciliation(strapi).figures.statistics(scope, date, currency);
      ctx.body = {
        ...report,
        carriedIn: masked('discrepancy', report.carriedIn, account),
        refundDetail: masked('discrepancy', report.refundDetail, account),
        sameDayDetail: masked('discrepancy', report.sameDayDetail, account),
        differenceDetail: masked('discrepancy', report.differenceDetail, account),
      };
    },

    async locate(ctx: Context) {
      const account = accountOf(ctx);
      const found = await reconciliation(strapi).locator.locate(
        read(code, ctx.params.orderNo),
        account.merchantCodes,
      );
      const shown = {
        order: found.order && access(strapi).mask('order', found.order, account),
        attempts: allowed('attempt', found.attempts, account),
        refunds: allowed('refund', found.refunds, account),
        hisRecords: allowed('his-record', found.hisRecords, account),
        notifications: allowed('notification', found.notifications, account),
        outbox: allowed('outbox', found.outbox, account),
        interfaceLogs: allowed('interface-log', found.interfaceLogs, account),
        discrepancies: allowed('discrepancy', found.discrepancies, account),
        // A line as received may name the patient.
        billLines: account.can('read', 'bill-archive')
          ? found.billLines.map((line) => (account.can('unmask', 'patient') ? line : { ...line, raw: null }))
          : [],
      };
      // Told from what this account may see, or the calls would be in the story all the same.
      ctx.body = { ...shown, timeline: timelineOf(shown) };
    },

    async tryRule(ctx: Context) {
      const { accountCode, date, rules } = read(trialBody, ctx.request.body);
      const account = accountOf(ctx);
      const trial = await reconciliation(strapi).tryRule(
        { accountCode, date, rule: rules },
        account.merchantCodes,
      );
      const shown = <Entry extends object>(entry: Entry | null) =>
        entry && access(strapi).mask('discrepancy', entry, account);
      ctx.body = {
        ...trial,
        changes: trial.changes.map(({ change, before, after }) => ({
          change,
          before: shown(before),
          after: shown(after),
        })),
      };
    },

    async run(ctx: Context) {
      const { date, accountCode } = read(runBody, ctx.request.body);
      const account = accountOf(ctx);
      const runs = await reconciliation(strapi).runs.request({
        date,
        accountCode,
        requestedBy: account.username,
        merchantCodes: account.merchantCodes,
      });
      ctx.status = 202;
      ctx.body = { runs: runs.map(runView) };
    },

    /** What the codes mean under which runs fail and bills are not taken. */
    async errors(ctx: Context) {
      ctx.body = {
        errors: Object.entries(reconciliationErrors).map(([code, { zh, en }]) => ({ code, zh, en })),
      };
    },

    async cancelRun(ctx: Context) {
      const account = accountOf(ctx);
      const { runs } = reconciliation(strapi);
      const run = await runs.get(read(code, ctx.params.runNo));
      if (!run || !account.mayUseMerchant(run.merchantCode)) throw fail('RUN_NOT_FOUND');
      ctx.body = runView(await runs.cancel(run.runNo, account.username));
    },
  };
};

const guarded = (action: string, subject: string) => ({
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject } }],
});

const listeners = new WeakMap<object, News>();
const engines = new WeakMap<object, Engine>();
const late = new WeakMap<object, LateNews>();

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    const db = strapi.db.connection;
    strapi
      .hook('strapi::content-types.afterSync')
      .register(async ({ oldContentTypes }: { oldContentTypes: unknown }) => {
        if (!caseTypeOf(oldContentTypes)?.attributes.currency) await giveCasesTheirCurrency(db);
      });
    const pay = payments(strapi);
    const folder = path.resolve(process.env.ARCHIVE_DIR || path.join('.data', 'archive'));
    pay.grace.decidedBy(graceByRules);
    const engine = forkedEngine(databaseOf(db));
    const archive = createBillArchive({
      db,
      storage: storageOf(process.env, folder),
      engine,
      async readerOf(accountCode) {
        const { manifest, config } = await pay.accounts.connect(accountCode);
        return { reader: manifest.billReader, config };
      },
    });
    const figures = createFigures(db, pay.clock);
    const lateRefunds: LateRefunds = (at, scope, days) =>
      createFigures(at, pay.clock).lateRefunds(scope, days);
    const closings = createClosings({ db, clock: pay.clock, lateRefunds });
    const live = createLive({ db, figures });
    const realtime = told(createRealtime(db, pay.clock, pay.events), live.changed);
    const report = (error: unknown): void => {
      strapi.log.error(`a comparison failed: ${error instanceof Error ? error.message : String(error)}`);
    };
    const news = followNews(pay.events, realtime, report);
    listeners.set(strapi, news);
    const lateNews = followLateNews(pay.events, db, closings, report);
    late.set(strapi, lateNews);
    engines.set(strapi, engine);
    const runs = createRuns({
      db,
      clock: pay.clock,
      queue: jobs(strapi),
      payments: pay,
      archive,
      engine,
      realtime,
    });
    const income = createIncome(db, lateRefunds);
    const exporting = installExports(strapi, figures, folder);
    exporting.reports.register(incomeReport(income));
    const handling = installHandling(strapi, realtime, folder, live.changed);
    provideReconciliation(strapi, {
      realtime,
      handling,
      ...exporting,
      bank: installBank(db, pay.clock, exporting.reports),
      income,
      shifts: createShifts({ db, clock: pay.clock }),
      runs,
      closings,
      bills: createBills({ db, clock: pay.clock, queue: jobs(strapi), payments: pay, archive, engine }),
      figures,
      live,
      locator: createLocator(db, archive),
      tryRule: createRuleTrial({ db, engine, runs }),
      async settled() {
        await news.settled();
        await lateNews.settled();
        await handling.settled();
      },
    });
  },

  bootstrap({ strapi }: { strapi: Core.Strapi }) {
    const queue = jobs(strapi);
    const { realtime, runs, exports, shifts, bills, handling } = reconciliation(strapi);
    guardRules(
      strapi.db.lifecycles,
      'reconciliation-rule',
      // Within the transaction that writes it: SQLite has one connection.
      (rule) => strapi.db.transaction(({ trx }) => checkedRule(trx, rule)),
      (where) => strapi.db.query('api::reconciliation-rule.reconciliation-rule').findOne({ where }),
    );
    guardRules(
      strapi.db.lifecycles,
      'bank-settlement',
      (rule) => strapi.db.transaction(({ trx }) => checkSettlement(trx, rule)),
      (where) => strapi.db.query('api::bank-settlement.bank-settlement').findOne({ where }),
    );
    workHandling(strapi, queue, handling);
    // Who reads a case by Strapi, as a list, its detail or an export does, gets the English of its remark with it.
    const tell = (row: unknown): void => {
      if (row instanceof Object) Object.assign(row, inEnglish(row));
    };
    strapi.db.lifecycles.subscribe({
      models: ['api::discrepancy.discrepancy'],
      afterFindOne: ({ result }) => tell(result),
      afterFindMany: ({ result }) => z.array(z.unknown()).parse(result).forEach(tell),
    });
    queue.work('reconcile', async ({ payload }) => {
      await runs.execute(z.object({ runNo: z.string() }).parse(payload).runNo);
    });
    queue.every('reconciliation-due', sweepEveryMs, async () => {
      await realtime.sweep();
    });
    queue.every('reconciliation-runs', runSweepEveryMs, () => runs.sweep());
    queue.every('closing-adjustments', runSweepEveryMs, async () => {
      await late.get(strapi)?.recheck();
    });
    queue.every('shifts', runSweepEveryMs, () => shifts.sweep());
    workExports(queue, exports);
    workBills(queue, bills);
  },

  async destroy({ strapi }: { strapi: Core.Strapi }) {
    reconciliation(strapi).live.close();
    await reconciliation(strapi).handling.close();
    await listeners.get(strapi)?.close();
    await late.get(strapi)?.close();
    engines.get(strapi)?.close();
  },

  controllers: {
    books,
    exports: exportController,
    closings: closingController,
    bills: billController,
    bank: bankController,
    income: incomeController,
    shifts: shiftController,
    handling: handlingController,
  },
  routes: {
    staff: {
      type: 'content-api',
      routes: [
        { method: 'GET', path: '/today', handler: 'books.today', config: guarded('read', 'dashboard') },
        { method: 'GET', path: '/live', handler: 'books.live', config: guarded('read', 'dashboard') },
        { method: 'GET', path: '/summary', handler: 'books.summary', config: guarded('read', 'summary') },
        { method: 'GET', path: '/analysis', handler: 'books.analysis', config: guarded('read', 'summary') },
        {
          method: 'GET',
          path: '/statistics',
          handler: 'books.statistics',
          config: guarded('read', 'summary'),
        },
        {
          method: 'GET',
          path: '/locate/:orderNo',
          handler: 'books.locate',
          config: guarded('read', 'order'),
        },
        // Writes nothing: whoever may read the day's figures may ask what a rule would make of them.
        {
          method: 'POST',
          path: '/rules/trial',
          handler: 'books.tryRule',
          config: guarded('read', 'summary'),
        },
        {
          method: 'POST',
          path: '/runs',
          handler: 'books.run',
          config: guarded('reconcile', 'reconciliation-run'),
        },
        {
          method: 'GET',
          path: '/errors',
          handler: 'books.errors',
          config: guarded('read', 'reconciliation-run'),
        },
        {
          method: 'POST',
          path: '/runs/:runNo/cancel',
          handler: 'books.cancelRun',
          config: guarded('reconcile', 'reconciliation-run'),
        },
        ...handlingRoutes,
        ...exportRoutes,
        ...closingRoutes,
        ...billRoutes,
        ...bankRoutes,
        ...incomeRoutes,
        ...shiftRoutes,
      ],
    },
  },
};
