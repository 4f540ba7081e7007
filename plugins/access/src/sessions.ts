import { randomUUID } from 'node:crypto';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import type { AccountRow, Accounts, SignedInAccount } from './accounts';
import type { Clock } from './clock';
import { fail } from './errors';
import { lockedUntil } from './lockout';

const origin = 'users-permissions';
const sessionUid = 'admin::session';
/** bcrypt of a random text at the same cost: an unknown user takes as long to refuse as a known one. */
const nobodysHash = '$2a$10$i7Cneu2P4c7G8MxsNSStUOXtRqT8Fx7xUo.G2oVPGpoOQaOkPRLMW';
const reserveAttempts = 20;
const reuseGraceMs = 60_000;

const usedSession = z.object({
  userId: z.string(),
  deviceId: z.string(),
  status: z.literal('rotated'),
  updatedAt: z.coerce.date(),
});

/** Unverified: good for looking a session up, never for trusting it. */
function sessionIdIn(token: string): string | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return z.object({ sessionId: z.string() }).safeParse(payload).data?.sessionId;
  } catch {
    return undefined;
  }
}

export interface Client {
  ip: string;
  userAgent: string;
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
  account: SignedInAccount;
}

export interface Sessions {
  signIn(credentials: { username: string; password: string }, client: Client): Promise<Tokens>;
  /** The refresh token is used up; the answer carries the next one. */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Ends the session: its refresh tokens and its access tokens are dead at once. */
  signOut(refreshToken: string, client: Client): Promise<void>;
  changePassword(username: string, change: { current: string; next: string }): Promise<void>;
  /** @throws TOKEN_INVALID */
  authenticate(accessToken: string): Promise<SignedInAccount>;
  /** Told whenever too many wrong passwords lock an account. The answer stops it. */
  onLocked(listener: (lock: AccountLock) => void): () => void;
}

export interface AccountLock {
  username: string;
  /** Unknown when the wrong passwords were given by somebody signed in. */
  ip: string | null;
  at: Date;
  until: Date;
}

type LoginKind = 'sign_in' | 'sign_out' | 'failed' | 'locked';

export function createSessions(strapi: Core.Strapi, accounts: Accounts, clock: Clock): Sessions {
  const manager = () => strapi.sessionManager(origin);
  const userService = () => strapi.plugin('users-permissions').service('user');
  const expiresIn = () =>
    strapi.config.get<number>('plugin::users-permissions.sessions.accessTokenLifespan', 600);

  const lockListeners = new Set<(lock: AccountLock) => void>();

  async function log(kind: LoginKind, username: string, { ip, userAgent }: Client): Promise<void> {
    await strapi.db.query('api::login-log.login-log').create({
      data: {
        at: clock.now(),
        username,
        kind,
        ip,
        userAgent: userAgent.slice(0, 512),
        publishedAt: new Date(),
      },
    });
  }

  const isLocked = (account: AccountRow) => account.lockedUntil !== null && account.lockedUntil > clock.now();

  /**
   * Counts the attempt as failed before the password is looked at, so that a hundred guesses sent at once
   * are five guesses. `null`: locked or disabled, no guess is taken.
   */
  async function reserve(
    username: string,
  ): Promise<{ account: AccountRow; locksUntil: Date | undefined } | null> {
    for (let attempt = 0; attempt < reserveAttempts; attempt += 1) {
      const account = await accounts.byUsername(username);
      if (account === null || !account.enabled || isLocked(account)) return null;
      const failedCount = account.failedCount + 1;
      const until = lockedUntil(failedCount, clock.now());
      const data = until === undefined ? { failedCount } : { failedCount, lockedUntil: until };
      if (await accounts.updateIfFailedCount(account.id, account.failedCount, data)) {
        return { account, locksUntil: until };
      }
    }
    return null;
  }

  function tellLocked(lock: AccountLock): void {
    for (const listener of lockListeners) listener(lock);
  }

  async function isRightPassword(password: string, hash: string | null): Promise<boolean> {
    const matches: unknown = await userService().validatePassword(password, hash ?? nobodysHash);
    return matches === true && hash !== null;
  }

  async function tokens(refreshToken: string, account: AccountRow): Promise<Tokens> {
    const access = await manager().generateAccessToken(refreshToken);
    if ('error' in access) throw fail('TOKEN_INVALID');
    return {
      accessToken: access.token,
      refreshToken,
      expiresIn: expiresIn(),
      account: await accounts.signedIn(account),
    };
  }

  async function enabledAccount(userId: string): Promise<AccountRow> {
    const account = await accounts.byUserId(Number(userId));
    if (account === null || !account.enabled) throw fail('TOKEN_INVALID');
    return account;
  }

  /**
   * A token that was exchanged long ago and comes again is held by two: both lose the session.
   * Two tabs refreshing at the same moment are not that, hence the minute.
   */
  async function endIfReused(refreshToken: string): Promise<void> {
    const sessionId = sessionIdIn(refreshToken);
    if (sessionId === undefined) return;
    const row: unknown = await strapi.db.query(sessionUid).findOne({ where: { sessionId, origin } });
    const session = usedSession.safeParse(row);
    if (!session.success || session.data.updatedAt.getTime() > clock.now().getTime() - reuseGraceMs) return;
    await manager().invalidateRefreshToken(session.data.userId, session.data.deviceId);
  }

  return {
    async signIn({ username, password }, client) {
      const reserved = await reserve(username);
      const hash = reserved === null ? null : await accounts.passwordHash(reserved.account.userId);
      if (!(await isRightPassword(password, hash)) || reserved === null) {
        const until = reserved?.locksUntil;
        await log(until ? 'locked' : 'failed', username, client);
        if (until) tellLocked({ username, ip: client.ip, at: clock.now(), until });
        throw fail('SIGN_IN_FAILED');
      }
      const { account } = reserved;
      await accounts.update(account.id, {
        failedCount: 0,
        lockedUntil: null,
        lastSignInAt: clock.now(),
        lastSignInIp: client.ip,
      });
      // One device id a sign-in: it names the whole family of tokens that rotation makes of it.
      const refresh = await manager().generateRefreshToken(String(account.userId), randomUUID(), {
        type: 'refresh',
      });
      await log('sign_in', account.username, client);
      return tokens(refresh.token, account);
    },
    async refresh(refreshToken) {
      const rotated = await manager().rotateRefreshToken(refreshToken);
      if ('error' in rotated) {
        await endIfReused(refreshToken);
        throw fail('TOKEN_INVALID');
      }
      const session = await manager().validateRefreshToken(rotated.token);
      if (!session.isValid) throw fail('TOKEN_INVALID');
      return tokens(rotated.token, await enabledAccount(session.userId));
    },
    async signOut(refreshToken, client) {
      const session = await manager().validateRefreshToken(refreshToken);
      if (!session.isValid) return;
      const row: unknown = await strapi.db
        .query(sessionUid)
        .findOne({ where: { sessionId: session.sessionId }, select: ['deviceId'] });
      const device = z.object({ deviceId: z.string() }).safeParse(row);
      if (device.success) await manager().invalidateRefreshToken(session.userId, device.data.deviceId);
      else await manager().revokeSessionById(session.userId, session.sessionId);
      const account = await accounts.byUserId(Number(session.userId));
      if (account !== null) await log('sign_out', account.username, client);
    },
    async changePassword(username, { current, next }) {
      const reserved = await reserve(username);
      const hash = reserved === null ? null : await accounts.passwordHash(reserved.account.userId);
      if (!(await isRightPassword(current, hash)) || reserved === null) {
        const until = reserved?.locksUntil;
        if (until) tellLocked({ username, ip: null, at: clock.now(), until });
        throw fail('PASSWORD_WRONG');
      }
      await accounts.update(reserved.account.id, { failedCount: 0, lockedUntil: null });
      await accounts.setPassword(reserved.account.userId, next);
      // Whoever knew the old password is signed out everywhere.
      await manager().invalidateRefreshToken(String(reserved.account.userId));
    },
    async authenticate(accessToken) {
      const { isValid, payload } = manager().validateAccessToken(accessToken);
      if (!isValid) throw fail('TOKEN_INVALID');
      if (!(await manager().isSessionActive(payload.sessionId))) throw fail('TOKEN_INVALID');
      return accounts.signedIn(await enabledAccount(payload.userId));
    },
    onLocked(listener) {
      lockListeners.add(listener);
      return () => lockListeners.delete(listener);
    },
  };
}
