import type { SignedInAccount } from '@hospital-pay/access';
import type { Bilingual } from '@hospital-pay/errors';
import type { ScreenField } from '@hospital-pay/lowcode';
import { z } from 'zod';
import { fail } from '../errors';
import type { MerchantScope } from '../figures';

/** One column of a table, or one thing that a report can be asked by. The same kinds as on the screens. */
export type Field = Pick<ScreenField, 'name' | 'kind' | 'title' | 'options' | 'names'>;

/** Values by field name: amounts in fen, moments as Date or ISO text, codes for whatever has a name. */
export type Row = Readonly<Record<string, unknown>>;

export interface Table {
  /** Names the sheet. */
  title: Bilingual;
  columns: Field[];
  /** Read once, from first to last; a long table comes in pieces and is never whole in memory. */
  rows: Iterable<Row> | AsyncIterable<Row>;
  /** How many rows there will be, as far as is known. */
  count: number;
  /** Whether amounts are added up beneath. */
  totals: boolean;
  /** The content type whose masks the rows carry: patients are masked for whom they are masked on the screen. */
  masks?: string;
}

/** A report that can be exported. It reads its rows by the same function as its screen. */
export interface Report<Params> {
  /** Its name in requests and in the audit trail. */
  code: string;
  title: Bilingual;
  /** Who may read this subject may export it. */
  subject: string;
  /** What it is asked with. The merchant is asked for besides, by `merchantCode`, and comes as `scope`. */
  params: z.ZodType<Params>;
  /** The parameters by their names on the screen, for the sheet that tells what was asked. */
  asked: Field[];
  tables(scope: MerchantScope, params: Params): Promise<Table[]>;
}

/** One thing that was asked: 下单时间 → 2018-10-18 ~ 2018-10-19. */
export interface Asked {
  field: Field;
  /** Plain values, or conditions of a list by their operators. */
  value: unknown;
}

/** A report or a list that an account may export, with its question understood. */
export interface Opened {
  title: Bilingual;
  subject: string;
  asked: Asked[];
  tables(): Promise<Table[]>;
}

export type Question = Readonly<Record<string, unknown>>;

export interface Reports {
  register<Params>(report: Report<Params>): void;
  /**
   * Undefined when there is no such report.
   * @throws EXPORT_FORBIDDEN, MERCHANT_FORBIDDEN, REQUEST_INVALID
   */
  open(code: string, question: Question, account: SignedInAccount): Opened | undefined;
}

const merchantField: Field = {
  name: 'merchantCode',
  kind: 'merchant',
  title: { zh: '商户', en: 'Merchant' },
};
const merchantQuestion = z.object({ merchantCode: z.string().min(1).max(64).optional() });

export function createReports(): Reports {
  const known = new Map<string, (question: Question, account: SignedInAccount) => Opened>();
  return {
    register({ code, title, subject, params, asked, tables }) {
      if (known.has(code)) throw new Error(`a report ${code} is registered already`);
      known.set(code, (question, account) => {
        if (!account.can('read', subject)) throw fail('EXPORT_FORBIDDEN', { code });
        const merchant = merchantQuestion.safeParse(question);
        const asking = params.safeParse(question);
        const issues = [merchant, asking].flatMap(({ error }) => error?.issues ?? []);
        if (!merchant.success || !asking.success) {
          throw fail('REQUEST_INVALID', { fields: issues.map((issue) => issue.path.join('.')) });
        }
        const scope = scopeOf(account, merchant.data.merchantCode);
        const given: Question = z.record(z.string(), z.unknown()).parse(asking.data);
        return {
          title,
          subject,
          asked: [
            ...(scope === null ? [] : [{ field: merchantField, value: scope }]),
            ...asked.flatMap((field) =>
              given[field.name] === undefined ? [] : [{ field, value: given[field.name] }],
            ),
          ],
          tables: () => tables(scope, asking.data),
        };
      });
    },
    open: (code, question, account) => known.get(code)?.(question, account),
  };
}

/** The merchants a question is about: the one asked for, if it is this account's business, else all of its own. */
export function scopeOf(account: SignedInAccount, merchantCode: string | undefined): MerchantScope {
  if (merchantCode === undefined) return account.merchantCodes;
  if (!account.mayUseMerchant(merchantCode)) throw fail('MERCHANT_FORBIDDEN', { merchantCode });
  return [merchantCode];
}
