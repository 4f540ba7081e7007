import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import type { SignedInAccount } from './accounts';
import { masksFor, readableFields, typeFields } from './fields';
import { type Query, scopedQuery } from './query';

/** The filter that keeps an account to its merchants; a client's own filters can only narrow it further. */
export async function rowScope(
  strapi: Core.Strapi,
  type: string,
  account: SignedInAccount,
): Promise<object | undefined> {
  const codes = account.merchantCodes;
  if (codes === null) return undefined;
  if (type === 'merchant') return { code: among(codes) };
  const { visible } = typeFields(strapi, type);
  if (visible.has('merchantCode')) return { merchantCode: among(codes) };
  if (!visible.has('accountCode')) return undefined;
  const rows: unknown[] = await strapi.db
    .query('api::channel-account.channel-account')
    .findMany({ where: { merchantCode: { $in: codes } }, select: ['code'] });
  return {
    accountCode: among(
      z
        .array(z.object({ code: z.string() }))
        .parse(rows)
        .map(({ code }) => code),
    ),
  };
}

/** Strapi drops an empty `$in` and then finds everything: ask for a code longer than any code may be instead. */
const noCode = '-'.repeat(64);
const among = (codes: string[]) => ({ $in: codes.length === 0 ? [noCode] : codes });

/**
 * What a client asks of a content type, kept to the rows of this account.
 * @throws QUERY_FORBIDDEN when it asks by a field that the account may not read or sees masked
 */
export async function narrowedQuery(
  strapi: Core.Strapi,
  type: string,
  query: Query,
  account: SignedInAccount,
): Promise<Query> {
  const fields = typeFields(strapi, type);
  const rules = { readable: readableFields(fields, type, account), masked: masksFor(fields, account) };
  return scopedQuery(query, rules, await rowScope(strapi, type, account));
}
