import { createMongoAbility, type MongoAbility } from '@casl/ability';
import type { AccessControlProvider, AuthProvider } from '@refinedev/core';
import { call, failureOf } from './client';
import { type Account, anything, me, signedIn } from './contracts';
import { queryClient } from './queryClient';
import { forgetTokens, readTokens, writeTokens } from './session';

let current: Promise<Account> | undefined;

/** The signed-in account, asked for once. */
export function currentAccount(): Promise<Account> {
  current ??= call('/access/me', me)
    .then(({ account }) => account)
    .catch((error: unknown) => {
      current = undefined;
      throw error;
    });
  return current;
}

function forgetAccount(): void {
  current = undefined;
  forgetTokens();
}

/** The person is gone: whoever comes next is shown nothing of theirs. */
export function leave(): void {
  forgetAccount();
  queryClient.clear();
}

/** What the account may do; the server enforces the same rules, screens only hide what would be refused. */
export function abilityOf(account: Pick<Account, 'rules'> | undefined): MongoAbility {
  return createMongoAbility(
    (account?.rules ?? []).map(({ subject, ...rule }) => ({ ...rule, subject: subject ?? 'all' })),
  );
}

/** Whether any row of the type may be acted upon: field and row conditions are the server's to apply. */
export const may = (ability: MongoAbility, action: string, subject: string): boolean =>
  ability.can(action, subject);

/** Which screen `/` is: where this person's work begins. */
export function homeOf(account: Account): string {
  const ability = abilityOf(account);
  const roles = account.roles.map(({ code }) => code);
  if (roles.length > 0 && roles.every((code) => code === 'cashier')) return '/cashier';
  if (may(ability, 'read', 'dashboard')) return '/workbench';
  if (may(ability, 'pay', 'cashier')) return '/cashier';
  if (may(ability, 'read', 'order')) return '/orders';
  if (may(ability, 'read', 'interface-log')) return '/interface-logs';
  return '/welcome';
}

interface Credentials {
  username: string;
  password: string;
}

export const authProvider: AuthProvider = {
  async login({ username, password }: Credentials) {
    leave();
    try {
      const answer = await call('/access/sign-in', signedIn, {
        method: 'POST',
        body: { username, password },
      });
      writeTokens(answer);
      current = Promise.resolve(answer.account);
      return { success: true };
    } catch (error) {
      return { success: false, error: failureOf(error) };
    }
  },
  async logout() {
    const held = readTokens();
    if (held) {
      await call('/access/sign-out', anything, {
        method: 'POST',
        body: { refreshToken: held.refreshToken },
      }).catch(() => undefined);
    }
    leave();
    return { success: true, redirectTo: '/sign-in' };
  },
  async check() {
    if (!readTokens()) return { authenticated: false, redirectTo: '/sign-in' };
    try {
      await currentAccount();
      return { authenticated: true };
    } catch (error) {
      const { statusCode } = failureOf(error);
      // A server that is away for a moment is no reason to send anybody to the sign-in page.
      if (statusCode !== 401 && statusCode !== 403) return { authenticated: true };
      // Not `leave`: the question whether somebody is signed in is one of the client's own.
      forgetAccount();
      return { authenticated: false, redirectTo: '/sign-in' };
    }
  },
  async onError(error) {
    const { statusCode } = failureOf(error);
    return statusCode === 401 ? { logout: true, redirectTo: '/sign-in' } : {};
  },
  getIdentity: () => currentAccount(),
  getPermissions: async () => (await currentAccount()).rules,
};

export const accessControlProvider: AccessControlProvider = {
  async can({ resource, action, params }) {
    const subject = typeof params?.subject === 'string' ? params.subject : (resource ?? 'all');
    const account = await currentAccount().catch(() => undefined);
    return {
      can: may(abilityOf(account), action === 'list' || action === 'show' ? 'read' : action, subject),
    };
  },
};
