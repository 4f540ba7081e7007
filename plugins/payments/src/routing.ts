import { createHash } from 'node:crypto';
import { DateTime } from 'luxon';
import type { CircuitState } from './circuits';
import type { ChannelManifest, Scene } from './contract';
import { type Core, checkMerchant } from './core';
import { fail } from './errors';
import type { RouteVerdict } from './route-verdicts';
import { findRow, type RouteRow, readRow } from './store';
import type { CreateOrder, Routes, RoutingQuestion, RoutingView } from './types';

export interface RouteJudgement {
  route: RouteRow;
  verdict: RouteVerdict;
  /** Its weight among those that share the orders; 0 elsewhere. */
  weight: number;
}

export interface Wanted {
  scene: Scene;
  terminalCode: string | null;
  department: string | null;
  amountFen: number;
  /** Minutes since midnight on the merchant's clock. */
  minute: number;
  channels: ReadonlySet<string>;
  disabledChannels: ReadonlySet<string>;
  /** Draws among equals, always the same for the same order; without it equals stay undecided. */
  seed?: string | undefined;
}

/** Accounts that may take orders, and whether they answer. */
export type AccountStates = ReadonlyMap<string, CircuitState>;

const minuteOf = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
};

/** `from` may lie after `to`: then the span runs past midnight. `to` itself is no longer in it. */
function isWithin(minute: number, from: string | null, to: string | null): boolean {
  if (!from && !to) return true;
  const start = minuteOf(from ?? '00:00');
  const end = to ? minuteOf(to) : 24 * 60;
  return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

function misfit(route: RouteRow, wanted: Wanted): RouteVerdict | undefined {
  if (!wanted.channels.has(route.channel)) return 'other_channel';
  if (route.scene && route.scene !== wanted.scene) return 'other_scene';
  if (route.terminalCode && route.terminalCode !== wanted.terminalCode) return 'other_terminal';
  if (route.department && route.department !== wanted.department) return 'other_department';
  const { amountFromFen, amountToFen } = route;
  if (amountFromFen !== null && wanted.amountFen < amountFromFen) return 'other_amount';
  if (amountToFen !== null && wanted.amountFen > amountToFen) return 'other_amount';
  return isWithin(wanted.minute, route.timeFrom, route.timeTo) ? undefined : 'other_time';
}

/** The more a route says the better: terminal before department, scene, amount and time of day. */
const specificity = (route: RouteRow): number =>
  (route.terminalCode ? 16 : 0) +
  (route.department ? 8 : 0) +
  (route.scene ? 4 : 0) +
  (route.amountFromFen !== null || route.amountToFen !== null ? 2 : 0) +
  (route.timeFrom || route.timeTo ? 1 : 0);

/** A number of [0, total) that follows from the seed alone, as evenly as the hash. */
const drawn = (seed: string, total: number): number =>
  createHash('sha256').update(seed).digest().readUIntBE(0, 6) % total;

/**
 * Judges a merchant's enabled routes for one order: what does not fit falls away, then channels and accounts that are disabled or do
 * not answer, then the less specific, then the lower priority (larger number); equals share by weight. When every
 * account that fits has stopped answering, the best of them is asked all the same: a payment is never refused on a guess.
 */
export function judgeRoutes(routes: RouteRow[], wanted: Wanted, accounts: AccountStates): RouteJudgement[] {
  const verdicts = new Map<RouteRow, RouteVerdict>();
  const reject = (candidates: RouteRow[], isRejected: (route: RouteRow) => boolean, verdict: RouteVerdict) =>
    candidates.filter((route) => {
      if (isRejected(route)) verdicts.set(route, verdict);
      return !verdicts.has(route);
    });

  let candidates = routes.filter((route) => {
    const reason = misfit(route, wanted);
    if (reason) verdicts.set(route, reason);
    return !reason;
  });
  candidates = reject(candidates, ({ channel }) => wanted.disabledChannels.has(channel), 'channel_disabled');
  candidates = reject(candidates, ({ accountCode }) => !accounts.has(accountCode), 'account_disabled');
  const isSilent = ({ accountCode }: RouteRow) => accounts.get(accountCode) === 'open';
  if (!candidates.every(isSilent)) candidates = reject(candidates, isSilent, 'circuit_open');
  const most = Math.max(...candidates.map(specificity));
  candidates = reject(candidates, (route) => specificity(route) < most, 'less_specific');
  const first = Math.min(...candidates.map(({ priority }) => priority));
  candidates = reject(candidates, ({ priority }) => priority > first, 'lower_priority');

  candidates.sort((a, b) => a.id - b.id);
  const chosen = draw(candidates, wanted.seed);
  const shares = candidates.length > 1 ? candidates : [];
  for (const route of candidates) {
    verdicts.set(route, chosen ? (route === chosen ? 'chosen' : 'not_drawn') : 'sharing');
  }
  return routes.map((route) => ({
    route,
    verdict: verdicts.get(route) ?? 'other_channel',
    weight: shares.includes(route) ? route.weight : 0,
  }));
}

function draw(candidates: RouteRow[], seed: string | undefined): RouteRow | undefined {
  if (candidates.length <= 1) return candidates[0];
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return candidates[0];
  if (seed === undefined) return undefined;
  let left = drawn(seed, total);
  return candidates.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}

/** The channels that could take this order at all. */
export function candidateChannels(
  input: Pick<CreateOrder, 'scene' | 'channel' | 'authCode' | 'token'> & Pick<RoutingQuestion, 'insurance'>,
  manifests: ReadonlyMap<string, ChannelManifest>,
): Set<string> {
  const named = input.channel === undefined ? undefined : manifests.get(input.channel);
  if (input.channel !== undefined && !named) throw fail('CHANNEL_UNKNOWN', { channel: input.channel });
  const hasToken = input.token !== undefined;
  // An insurer bears a part of what it was asked about, and takes no other order.
  const offered = (named ? [named] : [...manifests.values()]).filter(
    (manifest) =>
      manifest.scenes.includes(input.scene) &&
      (manifest.takesToken ?? false) === hasToken &&
      manifest.insurance === input.insurance,
  );
  if (offered.length === 0) throw fail('SCENE_NOT_OFFERED', { scene: input.scene });
  if (input.scene !== 'micropay') return new Set(offered.map((manifest) => manifest.code));
  const { authCode } = input;
  if (!authCode) throw fail('AUTH_CODE_MISSING');
  const owners = offered.filter((manifest) => manifest.authCode?.test(authCode));
  if (owners.length === 0) throw fail('AUTH_CODE_UNKNOWN');
  return new Set(owners.map((manifest) => manifest.code));
}

/** Where an order goes. */
export interface Route {
  accountCode: string;
  /** The order's own, or its terminal's. */
  department: string | null;
  why: RoutingView;
}

export interface Routing extends Routes {
  /** @throws NO_ROUTE, or CHANNEL_DISABLED, ACCOUNT_DISABLED when routes lead only to what is disabled. */
  choose(input: RoutingQuestion, zone: string): Promise<Route>;
}

export function createRouting(core: Core): Routing {
  const { db, clock, circuits } = core;

  const departmentOf = async (input: RoutingQuestion): Promise<string | null> => {
    if (!input.terminalCode) return input.department ?? null;
    const terminal = await findRow(db, 'terminals', { code: input.terminalCode });
    if (!terminal || terminal.merchantCode !== input.merchantCode) {
      throw fail('TERMINAL_UNKNOWN', { terminalCode: input.terminalCode });
    }
    if (!terminal.enabled) throw fail('TERMINAL_DISABLED', { terminalCode: input.terminalCode });
    return input.department ?? terminal.department;
  };

  const accountStates = async (merchantCode: string, codes: string[]): Promise<AccountStates> => {
    const enabled: { code: string }[] = await db('channel_accounts')
      .whereIn('code', codes)
      .where({ enabled: true, merchant_code: merchantCode })
      .select('code');
    return new Map(enabled.map(({ code }) => [code, circuits.stateOf(code)]));
  };

  const judge = async (input: RoutingQuestion, zone: string) => {
    const department = await departmentOf(input);
    const rows: object[] = await db('routes')
      .where({ merchant_code: input.merchantCode, enabled: true })
      .orderBy(['priority', 'id']);
    const routes = rows.map((row) => readRow('routes', row));
    const at = DateTime.fromJSDate(input.at ?? clock.now(), { zone });
    const wanted: Wanted = {
      scene: input.scene,
      terminalCode: input.terminalCode ?? null,
      department,
      amountFen: input.amountFen,
      minute: at.hour * 60 + at.minute,
      channels: candidateChannels(input, core.manifests()),
      disabledChannels: await core.channelSwitches.disabled(),
      seed: input.merchantOrderNo && `${input.merchantCode} ${input.merchantOrderNo}`,
    };
    const states = await accountStates(
      input.merchantCode,
      routes.map(({ accountCode }) => accountCode),
    );
    const judged = judgeRoutes(routes, wanted, states);
    const routed = judged.map(({ route, verdict, weight }) => ({
      name: route.name,
      channel: route.channel,
      accountCode: route.accountCode,
      priority: route.priority,
      verdict,
      weight,
      circuit: states.get(route.accountCode) ?? null,
    }));
    return { department, judged, why: { department, at: at.toISO() ?? '', routes: routed } };
  };

  return {
    async choose(input, zone) {
      const { department, judged, why } = await judge(input, zone);
      const taken = judged.find(({ verdict }) => verdict === 'chosen');
      if (taken) return { accountCode: taken.route.accountCode, department, why };
      const switchedOff = judged.find(({ verdict }) => verdict === 'channel_disabled');
      if (switchedOff) throw fail('CHANNEL_DISABLED', { channel: switchedOff.route.channel });
      const disabled = judged.find(({ verdict }) => verdict === 'account_disabled');
      if (disabled) throw fail('ACCOUNT_DISABLED', { accountCode: disabled.route.accountCode });
      throw fail('NO_ROUTE', { merchantCode: input.merchantCode, scene: input.scene });
    },
    async explain(question, caller) {
      checkMerchant(caller, question.merchantCode);
      const merchant = await findRow(db, 'merchants', { code: question.merchantCode });
      if (!merchant) throw fail('MERCHANT_UNKNOWN');
      return (await judge(question, merchant.zone)).why;
    },
    async ofOrder(orderNo, caller) {
      const order = await findRow(db, 'orders', { order_no: orderNo });
      if (!order) throw fail('ORDER_NOT_FOUND');
      checkMerchant(caller, order.merchantCode);
      return order.routing;
    },
  };
}
