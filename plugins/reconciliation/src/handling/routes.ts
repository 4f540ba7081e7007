import { createReadStream } from 'node:fs';
import { access, type SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { reconciliation } from '../index';
import { inEnglish } from '../remarks';
import { type Attachment, mostBytes, readUpload } from './attachments';
import type { HandledCase } from './case';
import type { Act } from './decide';
import type { Actor } from './handling';
import { settlements } from './states';

const mostAtOnce = 200;

const caseNo = z.string().min(1).max(64);
const caseNos = z.array(caseNo).min(1).max(mostAtOnce);
const said = z.string().trim().min(1).max(500);
const remark = z.string().trim().max(500).optional();

const handling = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('assign'), assignee: z.string().min(1).max(40).nullable(), note: remark }),
  z.strictObject({ do: z.literal('comment'), note: said }),
  z.strictObject({
    do: z.literal('propose'),
    action: z.enum([...settlements, 'in_transit', 'carry']),
    note: said,
    day: z.iso.date().optional(),
  }),
  z.strictObject({ do: z.literal('withdraw'), note: remark }),
  z.strictObject({ do: z.literal('undo'), note: said }),
]);
const judging = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('approve'), note: remark }),
  z.strictObject({ do: z.literal('reject'), note: said }),
]);
const handlingBody = z.strictObject({ caseNos, act: handling });
const judgingBody = z.strictObject({
  caseNos,
  act: judging,
  /** When each proposal was made, as the checker saw it: he agrees to that one and no other. */
  seen: z.record(caseNo, z.iso.datetime()).default({}),
});
const matchBody = z.strictObject({
  caseNos: z.array(caseNo).min(2).max(50),
  note: z.string().trim().max(500).default(''),
  differenceFen: z.int().min(0).default(0),
});
const uploadQuery = z.object({ name: z.string().min(1).max(255), note: remark });

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

const shownAttachment = ({ path: _path, ...shown }: Attachment) => shown;

export const handlingController = ({ strapi }: { strapi: Core.Strapi }) => {
  const room = () => reconciliation(strapi).handling;
  const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;
  const actorOf = (ctx: Context): Actor => ({
    ...accountOf(ctx),
    ip: ctx.request.ip.replace(/^::ffff:/, ''),
  });
  const shown = (entry: HandledCase, ctx: Context) =>
    access(strapi).mask('discrepancy', inEnglish(entry), accountOf(ctx));

  /** Only who may handle cases himself can be given one. */
  async function mayBeAssigned(username: string): Promise<SignedInAccount | undefined> {
    const { accounts } = access(strapi);
    const row = await accounts.byUsername(username);
    const account = row?.enabled ? await accounts.signedIn(row) : undefined;
    return account?.can('resolve', 'discrepancy') ? account : undefined;
  }

  return {
    async detail(ctx: Context) {
      const found = await room().detail(read(caseNo, ctx.params.caseNo), actorOf(ctx));
      const { entry, attachments, group, ...rest } = found;
      ctx.body = {
        ...rest,
        case: shown(entry, ctx),
        group: group.map((other) => shown(other, ctx)),
        attachments: attachments.map(shownAttachment),
      };
    },

    async counterparts(ctx: Context) {
      const found = await room().counterparts(read(caseNo, ctx.params.caseNo), actorOf(ctx));
      ctx.body = { cases: found.map((entry) => shown(entry, ctx)) };
    },

    async handlers(ctx: Context) {
      const rows: unknown = await strapi.db.connection('accounts').orderBy('username').select('username');
      const people: { username: string; displayName: string }[] = [];
      for (const { username } of z.array(z.object({ username: z.string() })).parse(rows)) {
        const account = await mayBeAssigned(username);
        if (account) people.push({ username, displayName: account.displayName });
      }
      ctx.body = { people };
    },

    async handle(ctx: Context) {
      const { caseNos: numbers, act } = read(handlingBody, ctx.request.body);
      if (act.do === 'assign' && act.assignee !== null && !(await mayBeAssigned(act.assignee))) {
        throw fail('ASSIGNEE_UNFIT', { assignee: act.assignee });
      }
      await answer(ctx, numbers, () => act);
    },

    async judge(ctx: Context) {
      const { caseNos: numbers, act, seen } = read(judgingBody, ctx.request.body);
      await answer(ctx, numbers, (number) => (act.do === 'approve' ? { ...act, seen: seen[number] } : act));
    },

    async match(ctx: Context) {
      const { caseNos: numbers, ...stated } = read(matchBody, ctx.request.body);
      ctx.body = { results: await room().match(numbers, stated, actorOf(ctx)) };
    },

    async attach(ctx: Context) {
      const { name, note } = read(uploadQuery, ctx.query);
      const announced = Number(ctx.request.headers['content-length'] ?? 0);
      if (announced > mostBytes) throw fail('ATTACHMENT_TOO_LARGE', { mostBytes });
      const bytes = await readUpload(ctx.req);
      const number = read(caseNo, ctx.params.caseNo);
      ctx.body = shownAttachment(
        await room().attach(number, { name, bytes, note: note ?? '' }, actorOf(ctx)),
      );
      ctx.status = 201;
    },

    async attachment(ctx: Context) {
      const { file, fileName, mediaType, bytes } = await room().attachment(
        read(caseNo, ctx.params.attachmentNo),
        actorOf(ctx),
      );
      ctx.set('Content-Type', mediaType);
      ctx.set('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`);
      ctx.set('Cache-Control', 'no-store');
      ctx.set('X-Content-Type-Options', 'nosniff');
      ctx.body = createReadStream(file);
      ctx.length = bytes;
    },
  };

  /** One case answers as itself; of several each has a result of its own. */
  async function answer(ctx: Context, numbers: string[], actOn: (number: string) => Act): Promise<void> {
    const [only] = numbers;
    ctx.body = {
      results:
        numbers.length === 1 && only !== undefined
          ? [await room().act(only, actOn(only), actorOf(ctx))]
          : await room().actOnAll(numbers, actOn, actorOf(ctx)),
    };
  }
};

/** The room writes the trail itself, one entry for every case. */
const guarded = (action: string) => ({
  auth: false,
  middlewares: [
    { name: 'plugin::access.guard', config: { action, subject: 'discrepancy', recorded: false } },
  ],
});

const base = '/discrepancies';
export const handlingRoutes = [
  { method: 'GET', path: '/handlers', handler: 'handling.handlers', config: guarded('resolve') },
  { method: 'POST', path: `${base}/handle`, handler: 'handling.handle', config: guarded('resolve') },
  { method: 'POST', path: `${base}/judge`, handler: 'handling.judge', config: guarded('approve') },
  { method: 'POST', path: `${base}/match`, handler: 'handling.match', config: guarded('resolve') },
  { method: 'GET', path: `${base}/:caseNo`, handler: 'handling.detail', config: guarded('read') },
  {
    method: 'GET',
    path: `${base}/:caseNo/counterparts`,
    handler: 'handling.counterparts',
    config: guarded('resolve'),
  },
  {
    method: 'POST',
    path: `${base}/:caseNo/attachments`,
    handler: 'handling.attach',
    config: guarded('resolve'),
  },
  {
    method: 'GET',
    path: '/attachments/:attachmentNo',
    handler: 'handling.attachment',
    config: guarded('read'),
  },
];
