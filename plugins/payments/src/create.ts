import { type Clock, createLeases, type Queue } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import { createAccounts } from './accounts';
import { createApplications } from './applications';
import { createChannelSwitches } from './channel-switches';
import { createCircuits, silentPayments } from './circuits';
import type { ChannelManifest } from './contract';
import { type Alarm, type Core, messageOf, raise } from './core';
import { createErrorKnowledge } from './error-knowledge';
import { createEvents } from './events';
import { createLedger } from './ledger';
import { createLocks } from './locks';
import { createMixed } from './mixed/mixed';
import { createNotifications } from './notifications';
import { createOrders } from './orders';
import { createOutbox } from './outbox';
import { createRefunds } from './refunds';
import { createRouting } from './routing';
import type { Grace, GraceRule, OpenApiPart, Payments } from './types';
import { createVault } from './vault';
import { startWorkers, takeOver } from './workers';

export interface PaymentsOptions {
  db: Knex;
  clock: Clock;
  queue: Queue;
  secretsKey: Buffer;
  publicUrl: string;
  manifests(): ReadonlyMap<string, ChannelManifest>;
  log: { error(text: string): void };
}

export interface RunningPayments {
  payments: Payments;
  core: Core;
  openApiParts: OpenApiPart[];
  /** Takes up work; call it once the tables are there. */
  start(): Promise<void>;
}

/** All of payments over one database, with or without Strapi. */
export function createPayments(options: PaymentsOptions): RunningPayments {
  const { db, clock, queue, manifests, log } = options;
  const leases = createLeases(db, clock);
  const vault = createVault(options.secretsKey);
  const events = createEvents((error) =>
    log.error(`listener: ${error instanceof Error ? error.message : error}`),
  );
  const accounts = createAccounts({
    db,
    clock,
    vault,
    events,
    manifests,
    notifyUrl: (code) => `${options.publicUrl.replace(/\/$/, '')}/api/notify/${code}`,
  });
  const channelSwitches = createChannelSwitches({ db, clock, manifests });
  const errorKnowledge = createErrorKnowledge({ db, clock, manifests, log });
  const locks = createLocks(leases, clock);
  const grace = createGrace();
  const circuits = createCircuits({
    onChange: (accountCode, state) => {
      raise(core, circuitAlarm(accountCode, state, clock.now())).catch((error: unknown) =>
        log.error(`circuit of ${accountCode}: ${messageOf(error)}`),
      );
    },
  });
  const core: Core = {
    db,
    clock,
    queue,
    leases,
    locks,
    events,
    vault,
    manifests,
    accounts,
    channelSwitches,
    circuits,
    errorKnowledge,
    grace,
    log,
  };
  const ledger = createLedger(core);
  const routing = createRouting(core);
  const orders = createOrders(core, ledger, routing);
  const refunds = createRefunds(core, ledger);
  const mixed = createMixed(core, ledger, routing, orders, refunds);
  const outbox = createOutbox(core, ledger);
  const notifications = createNotifications(core, orders, refunds);
  const openApiParts: OpenApiPart[] = [];
  const payments: Payments = {
    orders,
    routes: { explain: routing.explain, ofOrder: routing.ofOrder },
    refunds,
    mixed,
    notifications,
    events,
    accounts,
    channelSwitches,
    errorKnowledge,
    outbox,
    clock,
    vault,
    grace,
    channels: () => [...manifests().values()],
    applications: createApplications(core),
    openapi: { add: (part) => openApiParts.push(part) },
  };
  return {
    payments,
    core,
    openApiParts,
    async start() {
      await channelSwitches.seed();
      await errorKnowledge.seed();
      if (!queue.works) return;
      await takeOver(core);
      startWorkers(core, { orders, refunds, mixed, outbox, notifications });
    },
  };
}

function circuitAlarm(accountCode: string, state: 'open' | 'closed', at: Date): Alarm {
  const isOpen = state === 'open';
  return {
    kind: 'account_silent',
    level: isOpen ? 'critical' : 'info',
    zh: isOpen
      ? `渠道账户 ${accountCode} 连续 ${silentPayments} 笔支付无应答, 已优先改走其他路由`
      : `渠道账户 ${accountCode} 已恢复应答`,
    en: isOpen
      ? `Account ${accountCode}: ${silentPayments} payments in a row without an answer; other routes come first`
      : `Account ${accountCode} answers again`,
    orderNo: null,
    dedupeKey: `circuit:${accountCode}:${state}:${at.getTime()}`,
    about: accountCode,
    isOver: !isOpen,
  };
}

function createGrace(): Grace {
  let decide: GraceRule = async () => () => undefined;
  return {
    decidedBy(rule) {
      decide = rule;
    },
    of: (db, merchant) => decide(db, merchant),
  };
}
