import { dateValue, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { inApp, queueDelivery } from './book';
import { type DutyShift, onDuty } from './duty';
import { speaksTo, tellableAt } from './quiet';
import { noteReached } from './reached';
import {
  dutyRow,
  hospitalZone,
  type MessageRow,
  messageRow,
  type RouteRow,
  readRows,
  routeRow,
} from './rows';

export interface Staff {
  username: string;
  roles: readonly string[];
}

export interface TargetSummary {
  code: string;
  /** Addresses of its own; `null` for a target that is one place, such as a group's robot. */
  addresses: readonly string[] | null;
  /** What of a person on duty is an address here. */
  onDuty: 'email' | 'mobile' | null;
}

interface World {
  routes: readonly RouteRow[];
  roster: readonly DutyShift[];
  staff: readonly Staff[];
  targets: readonly TargetSummary[];
  zone: string;
}

export interface Planned {
  targetCode: string;
  recipient: string | null;
  nextAt: Date;
}

/** Who is told at one step, by which way and when. Pure. */
export function recipientsOf(
  message: Pick<MessageRow, 'kind' | 'level' | 'groupKey'>,
  step: number,
  world: World,
  now: Date,
): Planned[] {
  const duty = onDuty(world.roster, now, world.zone);
  const planned = new Map<string, Planned>();
  const add = (entry: Planned) => {
    const key = `${entry.targetCode}:${entry.recipient ?? ''}`;
    const known = planned.get(key);
    if (!known || entry.nextAt < known.nextAt) planned.set(key, entry);
  };
  for (const route of world.routes) {
    if (route.step !== step || !speaksTo(route, message)) continue;
    const meant = world.staff.filter(
      ({ username, roles }) =>
        route.usernames.includes(username) || roles.some((role) => route.roles.includes(role)),
    );
    const present = meant.filter(({ username }) => duty.some((shift) => shift.username === username));
    const people = route.dutyOnly && present.length > 0 ? present : meant;
    for (const { username } of people) add({ targetCode: inApp, recipient: username, nextAt: now });
    const nextAt = tellableAt(route, message, now, world.zone);
    for (const target of world.targets) {
      if (!route.targets.includes(target.code)) continue;
      // That a target does not work is not told through that target.
      if (message.groupKey === `delivery_failed|${target.code}`) continue;
      if (target.addresses === null) {
        add({ targetCode: target.code, recipient: null, nextAt });
        continue;
      }
      const contact = target.onDuty;
      const reachable = contact === null ? [] : duty.flatMap((shift) => shift[contact] ?? []);
      for (const address of [...target.addresses, ...reachable])
        add({ targetCode: target.code, recipient: address, nextAt });
    }
  }
  return [...planned.values()];
}

/** The step after this one that somebody wants to be told at, counted from when the message came up. */
export function stepAfter(
  message: Pick<MessageRow, 'kind' | 'level' | 'at' | 'step'>,
  routes: readonly RouteRow[],
): { step: number; at: Date } | null {
  const later = routes.filter((route) => route.step > message.step && speaksTo(route, message));
  if (later.length === 0) return null;
  const step = Math.min(...later.map((route) => route.step));
  const minutes = later.filter((route) => route.step === step).map(({ afterMinutes }) => afterMinutes);
  return { step, at: new Date(message.at.getTime() + Math.min(...minutes) * 60_000) };
}

const staffRow = z.object({ username: z.string(), roles: z.unknown() });

async function readStaff(db: Knex): Promise<Staff[]> {
  const rows: unknown = await db('accounts').where({ enabled: true }).select('username', 'roles');
  return z
    .array(staffRow)
    .parse(rows)
    .map(({ username, roles }) => {
      const codes: unknown = typeof roles === 'string' ? JSON.parse(roles) : roles;
      return { username, roles: z.array(z.string()).safeParse(codes).data ?? [] };
    });
}

const duePerLook = 200;

/** Tells the steps that are due: the first one of new messages, and the next of those nobody has acknowledged. True when there were any. */
export async function planDue(
  db: Knex,
  now: Date,
  readTargets: () => Promise<TargetSummary[]>,
): Promise<boolean> {
  const rows: unknown = await db('messages')
    .where({ status: 'open' })
    .where('next_step_at', '<=', dateValue(db, now))
    .orderBy('next_step_at')
    .limit(duePerLook);
  const due = readRows(messageRow, rows);
  if (due.length === 0) return false;
  const world: World = {
    routes: readRows(routeRow, await db('message_routes').where({ enabled: true })),
    roster: readRows(dutyRow, await db('duty_shifts').where({ enabled: true })),
    staff: await readStaff(db),
    targets: await readTargets(),
    zone: await hospitalZone(db),
  };
  for (const message of due) {
    const next = stepAfter(message, world.routes);
    if (next !== null && next.at <= now) await tellStep(db, message, next.step, world, now);
    else await moveOn(db, message, { nextStepAt: next?.at ?? null, updatedAt: now });
  }
  return true;
}

/** True when nobody else moved it on, acknowledged or closed it. */
async function moveOn(db: Knex, message: MessageRow, attributes: Record<string, unknown>): Promise<boolean> {
  const moved = await db('messages')
    .where({ id: message.id, status: 'open', step: message.step })
    .update(toColumns(db, attributes));
  return moved === 1;
}

async function tellStep(db: Knex, message: MessageRow, step: number, world: World, now: Date): Promise<void> {
  const planned = recipientsOf(message, step, world, now);
  const isFirst = message.step === 0;
  const next = stepAfter({ ...message, step }, world.routes);
  const people = planned.flatMap(({ targetCode, recipient }) =>
    targetCode === inApp ? (recipient ?? []) : [],
  );
  await db.transaction(async (trx) => {
    const attributes = {
      step,
      nextStepAt: next?.at ?? null,
      ...(isFirst ? { audience: people.join(',').slice(0, 255) || null } : {}),
      updatedAt: now,
    };
    if (!(await moveOn(trx, message, attributes))) return;
    for (const entry of planned) {
      const purpose = isFirst ? 'alert' : 'escalation';
      await queueDelivery(trx, { ...entry, messageNo: message.documentId, purpose, step, now });
    }
    await noteReached(trx, message.documentId);
  });
}
