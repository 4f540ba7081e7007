import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { type AccountRow, type Accounts, assertStrongPassword, type SignedInAccount } from './accounts';
import { fail } from './errors';
import { type Rule, rulesSchema } from './rules';

const merchantCodes = z.array(z.string().min(1).max(32)).max(500).nullable();
const roles = z.array(z.string().min(1).max(64)).max(20);
const displayName = z.string().trim().min(1).max(64);
const password = z.string().min(1).max(128);

export const newAccountSchema = z.strictObject({
  username: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,39}$/),
  password,
  displayName,
  roles,
  merchantCodes,
});

export const accountChangeSchema = z.strictObject({
  displayName: displayName.optional(),
  roles: roles.optional(),
  merchantCodes: merchantCodes.optional(),
  enabled: z.boolean().optional(),
  /** A new password for somebody who forgot it; also lifts a lock. */
  password: password.optional(),
});
export type AccountChange = z.infer<typeof accountChangeSchema>;

export interface Administration {
  create(account: z.infer<typeof newAccountSchema>, by: SignedInAccount): Promise<void>;
  change(username: string, change: AccountChange, by: SignedInAccount): Promise<void>;
}

export function createAdministration(strapi: Core.Strapi, accounts: Accounts): Administration {
  async function rulesOf(codes: string[]): Promise<Rule[]> {
    const rows: unknown[] = await strapi.db
      .query('api::role.role')
      .findMany({ where: { code: { $in: codes } } });
    const found = z.array(z.object({ code: z.string(), rules: z.unknown() })).parse(rows);
    const missing = codes.filter((code) => !found.some((role) => role.code === code));
    if (missing.length > 0) throw fail('ROLE_UNKNOWN', { roles: missing });
    return found.flatMap((role) => rulesSchema.safeParse(role.rules).data ?? []);
  }

  /** Nobody hands out rights or merchants that are not their own, or touches an account that has more. */
  async function assertWithin(by: SignedInAccount, target: Pick<AccountRow, 'roleCodes' | 'merchantCodes'>) {
    const rules = target.roleCodes.length === 0 ? [] : await rulesOf(target.roleCodes);
    if (!rules.every((rule) => covers(by, rule))) throw fail('FORBIDDEN', { roles: target.roleCodes });
    if (by.merchantCodes === null) return;
    const codes = target.merchantCodes;
    if (codes === null || !codes.every((code) => by.mayUseMerchant(code))) {
      throw fail('MERCHANT_FORBIDDEN', { merchantCodes: codes });
    }
  }

  return {
    async create(account, by) {
      assertStrongPassword(account.username, account.password);
      await assertWithin(by, { roleCodes: account.roles, merchantCodes: account.merchantCodes });
      if ((await accounts.byUsername(account.username)) !== null) throw fail('ALREADY_EXISTS');
      await accounts.create(account);
    },
    async change(username, change, by) {
      const row = await accounts.byUsername(username);
      if (row === null) throw fail('NOT_FOUND');
      if (username === by.username) throw fail('OWN_ACCOUNT');
      await assertWithin(by, row);
      await assertWithin(by, {
        roleCodes: change.roles ?? row.roleCodes,
        merchantCodes: change.merchantCodes === undefined ? row.merchantCodes : change.merchantCodes,
      });
      const { password: next, ...data } = change;
      if (next !== undefined) {
        assertStrongPassword(username, next);
        await accounts.setPassword(row.userId, next);
      }
      await accounts.update(
        row.id,
        next === undefined ? data : { ...data, failedCount: 0, lockedUntil: null },
      );
      if (next !== undefined || change.enabled === false) {
        await strapi.sessionManager('users-permissions').invalidateRefreshToken(String(row.userId));
      }
    },
  };
}

function covers(by: SignedInAccount, { action, subject, fields }: Rule): boolean {
  const each = <Item>(value: Item | Item[]) => (Array.isArray(value) ? value : [value]);
  return each(action).every((verb) =>
    each(subject).every((type) => (fields ?? [undefined]).every((field) => by.can(verb, type, field))),
  );
}
