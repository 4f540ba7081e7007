import { dayOf, shiftDay } from './china';
import { example } from './example';
import { abnormalRequests, interfaceLogs, loginLogs, messages } from './logs';
import type { Rows } from './rows';
import { shifts } from './shifts';
import { closedDays } from './totals';
import { pastDays, traffic } from './traffic';

/**
 * Everything the demo shows, as plain rows. Pure: the same moment and scale give the same bytes on every machine.
 * `scale` 1 is about 400 orders on an ordinary weekday.
 */
export function generate(now: Date, scale = 1): Rows {
  const firstDay = shiftDay(dayOf(now), -pastDays);
  const month = traffic(now, scale);
  Object.assign(month, closedDays(month, firstDay, now));
  month.loginLogs = loginLogs(firstDay, now);
  month.interfaceLogs = interfaceLogs(month, now);
  month.abnormalRequests = abnormalRequests(month);
  month.messages = messages(month);
  const reference = example();
  return {
    orders: [...reference.orders, ...month.orders],
    attempts: [...reference.attempts, ...month.attempts],
    refunds: [...reference.refunds, ...month.refunds],
    hisRecords: [...reference.hisRecords, ...month.hisRecords],
    discrepancies: [...reference.discrepancies, ...month.discrepancies],
    dailyTotals: [...reference.dailyTotals, ...month.dailyTotals],
    runs: [...reference.runs, ...month.runs],
    loginLogs: [...reference.loginLogs, ...month.loginLogs],
    interfaceLogs: [...reference.interfaceLogs, ...month.interfaceLogs],
    abnormalRequests: [...reference.abnormalRequests, ...month.abnormalRequests],
    messages: month.messages,
    shifts: shifts(month, now),
    ledger: month.ledger,
  };
}
