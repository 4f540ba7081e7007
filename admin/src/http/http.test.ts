import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { abilityOf, homeOf, may } from './account';
import { call, onSignedOut } from './client';
import type { Account } from './contracts';
import { Failure } from './failure';
import { readTokens, writeTokens } from './session';

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

/** A server that accepts one access token at a time and gives a new pair for the right refresh token. */
function server() {
  let generation = 1;
  const seen = { refreshes: 0 };
  const answer = vi.fn(async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    if (pathname === '/api/access/refresh') {
      seen.refreshes += 1;
      const { refreshToken } = z.object({ refreshToken: z.string() }).parse(await request.json());
      if (refreshToken !== `refresh-${generation}`)
        return json(401, { data: null, error: { details: { code: 'TOKEN_INVALID' } } });
      generation += 1;
      return json(200, { accessToken: `access-${generation}`, refreshToken: `refresh-${generation}` });
    }
    if (request.headers.get('Authorization') !== `Bearer access-${generation}`) {
      return json(401, {
        data: null,
        error: { status: 401, details: { code: 'TOKEN_INVALID', zh: '登录已失效', en: 'Ended' } },
      });
    }
    if (pathname === '/api/missing') {
      return json(404, {
        data: null,
        error: {
          status: 404,
          name: 'NOT_FOUND',
          details: { code: 'ORDER_UNKNOWN', zh: '订单不存在', en: 'No such order' },
        },
      });
    }
    return json(200, { body: request.method === 'POST' ? await request.json() : null });
  });
  vi.stubGlobal('fetch', answer);
  return { seen };
}

const anyBody = z.object({ body: z.unknown() });

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

describe('the session', () => {
  test('an expired access token is renewed once for all calls that are under way', async () => {
    const { seen } = server();
    writeTokens({ accessToken: 'stale', refreshToken: 'refresh-1' });
    const answers = await Promise.all(
      [1, 2, 3].map((n) => call('/echo', anyBody, { method: 'POST', body: { n } })),
    );
    expect(answers).toEqual([1, 2, 3].map((n) => ({ body: { n } })));
    expect(seen.refreshes).toBe(1);
    expect(readTokens()?.accessToken).toBe('access-2');
  });

  test('a dead refresh token ends it: tokens are forgotten and the screens are told', async () => {
    server();
    writeTokens({ accessToken: 'stale', refreshToken: 'dead' });
    const told = vi.fn();
    const stop = onSignedOut(told);
    await expect(call('/echo', anyBody)).rejects.toMatchObject({ statusCode: 401 });
    stop();
    expect(told).toHaveBeenCalledOnce();
    expect(readTokens()).toBeUndefined();
  });

  test('an error carries its code and both languages', async () => {
    server();
    writeTokens({ accessToken: 'access-1', refreshToken: 'refresh-1' });
    await expect(call('/missing', anyBody)).rejects.toMatchObject({
      statusCode: 404,
      code: 'ORDER_UNKNOWN',
      zh: '订单不存在',
      en: 'No such order',
    });
  });

  test('no answer is said to be no answer', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    const failure: unknown = await call('/echo', anyBody).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'NETWORK', isUnanswered: true });
  });

  test('an answer of another shape is not taken for a good one', async () => {
    vi.stubGlobal('fetch', async () => json(200, ['surprise']));
    await expect(call('/echo', anyBody)).rejects.toMatchObject({ code: 'ANSWER_UNREADABLE' });
  });
});

const account = (roles: string[], rules: Account['rules']): Account => ({
  username: 'x',
  displayName: 'X',
  roles: roles.map((code) => ({ code, name: code, nameEn: code })),
  merchantCodes: null,
  rules,
});

describe('what an account may do', () => {
  test('follows its rules', () => {
    const ability = abilityOf(
      account(['finance'], [{ action: ['read', 'refund'], subject: ['order', 'refund'] }]),
    );
    expect(may(ability, 'refund', 'order')).toBe(true);
    expect(may(ability, 'update', 'merchant')).toBe(false);
    const all = abilityOf(account(['super'], [{ action: 'manage', subject: 'all' }]));
    expect(may(all, 'pay', 'cashier')).toBe(true);
  });

  test('decides which screen comes first', () => {
    expect(homeOf(account(['cashier'], [{ action: 'pay', subject: 'cashier' }]))).toBe('/cashier');
    expect(homeOf(account(['finance'], [{ action: 'read', subject: 'dashboard' }]))).toBe('/workbench');
    expect(homeOf(account(['super'], [{ action: 'manage', subject: 'all' }]))).toBe('/workbench');
    expect(homeOf(account([], []))).toBe('/welcome');
  });
});
