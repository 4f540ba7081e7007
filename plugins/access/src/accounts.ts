import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { fail } from './errors';
import {
  type Ability,
  type Action,
  abilityOf,
  builtInRoles,
  type Rule,
  rulesSchema,
  type Subject,
} from './rules';

const accountUid = 'api::account.account';
const roleUid = 'api::role.role';
const userUid = 'plugin::users-permissions.user';

const accountRow = z.object({
  id: z.number(),
  username: z.string(),
  displayName: z.string(),
  roles: z.array(z.string()).nullish(),
  merchantCodes: z.array(z.string()).nullish(),
  userId: z.number(),
  enabled: z.boolean().nullish(),
  failedCount: z.number().nullish(),
  lockedUntil: z.coerce.date().nullish(),
});

export interface AccountRow {
  id: number;
  username: string;
  displayName: string;
  roleCodes: string[];
  /** `null`: every merchant. */
  merchantCodes: string[] | null;
  userId: number;
  enabled: boolean;
  failedCount: number;
  lockedUntil: Date | null;
}

export interface RoleView {
  code: string;
  name: string;
  nameEn: string;
}

/** Who is asking and what they may do: `ctx.state.account` behind the guard. */
export interface SignedInAccount {
  username: string;
  displayName: string;
  roles: RoleView[];
  merchantCodes: string[] | null;
  rules: Rule[];
  ability: Ability;
  can(action: Action, subject: Subject, field?: string): boolean;
  /** Whether rows of this merchant are this account's business. */
  mayUseMerchant(merchantCode: string): boolean;
}

export interface NewAccount {
  username: string;
  password: string;
  displayName: string;
  roles: string[];
  merchantCodes: string[] | null;
}

export interface Accounts {
  byUsername(username: string): Promise<AccountRow | null>;
  byUserId(userId: number): Promise<AccountRow | null>;
  update(id: number, data: Record<string, unknown>): Promise<void>;
  /** Changes the row only while its failure count is still the one that was read. */
  updateIfFailedCount(id: number, failedCount: number, data: Record<string, unknown>): Promise<boolean>;
  passwordHash(userId: number): Promise<string | null>;
  setPassword(userId: number, password: string): Promise<void>;
  create(account: NewAccount): Promise<void>;
  signedIn(row: AccountRow): Promise<SignedInAccount>;
  seedRoles(): Promise<void>;
}

function toAccount(row: unknown): AccountRow | null {
  if (row === null || row === undefined) return null;
  const { roles, merchantCodes, enabled, failedCount, lockedUntil, ...rest } = accountRow.parse(row);
  return {
    ...rest,
    roleCodes: roles ?? [],
    merchantCodes: merchantCodes ?? null,
    enabled: enabled ?? true,
    failedCount: failedCount ?? 0,
    lockedUntil: lockedUntil ?? null,
  };
}

export function signedInAccount(row: AccountRow, roles: RoleView[], rules: Rule[]): SignedInAccount {
  const { username, displayName, merchantCodes } = row;
  const ability = abilityOf(rules);
  return {
    username,
    displayName,
    roles,
    merchantCodes,
    rules,
    ability,
    can: (action, subject, field) => ability.can(action, subject, field),
    mayUseMerchant: (merchantCode) => merchantCodes === null || merchantCodes.includes(merchantCode),
  };
}

export function createAccounts(strapi: Core.Strapi): Accounts {
  const accounts = () => strapi.db.query(accountUid);
  const users = () => strapi.db.query(userUid);
  const userService = () => strapi.plugin('users-permissions').service('user');

  async function rolesOf(codes: string[]): Promise<{ roles: RoleView[]; rules: Rule[] }> {
    if (codes.length === 0) return { roles: [], rules: [] };
    const rows: unknown[] = await strapi.db.query(roleUid).findMany({ where: { code: { $in: codes } } });
    const roles: RoleView[] = [];
    const rules: Rule[] = [];
    for (const row of rows) {
      const role = z
        .object({ code: z.string(), name: z.string(), nameEn: z.string().nullish(), rules: z.unknown() })
        .parse(row);
      roles.push({ code: role.code, name: role.name, nameEn: role.nameEn ?? role.name });
      const parsed = rulesSchema.safeParse(role.rules);
      // A role that cannot be read gives nothing, rather than everything or an error at every request.
      if (parsed.success) rules.push(...parsed.data);
      else strapi.log.error(`role ${role.code} has unreadable rules and grants nothing`);
    }
    return { roles, rules };
  }

  return {
    byUsername: async (username) => toAccount(await accounts().findOne({ where: { username } })),
    byUserId: async (userId) => toAccount(await accounts().findOne({ where: { userId } })),
    async update(id, data) {
      await accounts().update({ where: { id }, data });
    },
    async updateIfFailedCount(id, failedCount, data) {
      const { count } = await accounts().updateMany({ where: { id, failedCount }, data });
      return count === 1;
    },
    async passwordHash(userId) {
      const user: unknown = await users().findOne({ where: { id: userId } });
      const parsed = z.object({ password: z.string(), blocked: z.boolean().nullish() }).safeParse(user);
      return parsed.success && !parsed.data.blocked ? parsed.data.password : null;
    },
    async setPassword(userId, password) {
      await userService().edit(userId, { password });
    },
    async create({ username, password, displayName, roles, merchantCodes }) {
      if ((await accounts().findOne({ where: { username } })) !== null) return;
      // A user without an account is what a crash between the two left behind: take it over.
      const existing: unknown = await users().findOne({ where: { username } });
      const left = z.object({ id: z.number() }).safeParse(existing);
      if (left.success) await userService().edit(left.data.id, { password });
      const user: unknown = left.success
        ? left.data
        : await userService().add({
            username,
            email: `${username.toLowerCase()}@accounts.invalid`,
            password,
            provider: 'local',
            confirmed: true,
            blocked: false,
          });
      const { id: userId } = z.object({ id: z.number() }).parse(user);
      await accounts().create({
        data: {
          username,
          displayName,
          roles,
          merchantCodes,
          userId,
          enabled: true,
          failedCount: 0,
          publishedAt: new Date(),
        },
      });
    },
    async signedIn(row) {
      const { roles, rules } = await rolesOf(row.roleCodes);
      return signedInAccount(row, roles, rules);
    },
    async seedRoles() {
      const roles = strapi.db.query(roleUid);
      for (const role of builtInRoles) {
        const data = { ...role, builtIn: true, publishedAt: new Date() };
        const present: unknown = await roles.findOne({ where: { code: role.code } });
        if (present === null) await roles.create({ data }).catch(ignoreRace);
        else await roles.update({ where: { code: role.code }, data });
      }
    },
  };
}

/** Two processes may boot at once; the unique index lets one of them write the row. */
function ignoreRace(error: unknown): void {
  if (!isUniqueViolation(error)) throw error;
}

export function isUniqueViolation(error: unknown): boolean {
  // By its code alone: a native driver keeps the Error class of whoever loaded it first.
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === '23505' || error.code === 'SQLITE_CONSTRAINT_UNIQUE';
}

export function assertStrongPassword(username: string, password: string): void {
  const isStrong =
    password.length >= 10 &&
    // bcrypt reads no more than 72 bytes: a longer password would be cut silently.
    Buffer.byteLength(password) <= 72 &&
    /\d/.test(password) &&
    /\p{L}/u.test(password) &&
    !password.toLowerCase().includes(username.toLowerCase());
  if (!isStrong) throw fail('PASSWORD_WEAK');
}
