import type { Moves } from '@hospital-pay/payments';

export const alertStatuses = ['ok', 'pending', 'firing', 'resolved'] as const;
export type AlertStatus = (typeof alertStatuses)[number];

export const alertMoves: Moves<AlertStatus> = {
  ok: ['pending', 'firing'],
  pending: ['ok', 'firing'],
  firing: ['resolved'],
  resolved: ['pending', 'firing'],
};

/** Where a rule stands after it has been judged once more. A clock that was put back keeps nobody pending for ever. */
export function nextStatus(
  before: { status: AlertStatus; sinceAt: Date },
  isOver: boolean,
  now: Date,
  forMinutes: number,
): AlertStatus {
  const { status, sinceAt } = before;
  const lasts = Math.abs(now.getTime() - sinceAt.getTime()) >= forMinutes * 60_000;
  switch (status) {
    case 'firing':
      return isOver ? 'firing' : 'resolved';
    case 'pending':
      if (!isOver) return 'ok';
      return lasts ? 'firing' : 'pending';
    case 'ok':
    case 'resolved':
      if (!isOver) return status;
      return forMinutes === 0 ? 'firing' : 'pending';
    default:
      return status satisfies never;
  }
}
