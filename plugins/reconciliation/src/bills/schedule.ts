import { businessDayBounds, type DayRule, shiftDay } from '@hospital-pay/payments';

/** Before this hour of the merchant's day nothing is asked for: HIS too must have told its day. */
const houseHour = 10;
const hourMs = 3_600_000;

/** From when on a day's bill may be asked for: the house's own hour, or the channel's where that is later. */
export function billDueAt(
  date: string,
  merchant: DayRule,
  channel: { zone: string; billReadyHour?: number | undefined } | undefined,
): Date {
  const house = businessDayBounds(date, merchant).end.getTime() + houseHour * hourMs;
  if (channel?.billReadyHour === undefined) return new Date(house);
  const nextDay = businessDayBounds(shiftDay(date, 1), { zone: channel.zone, dayCutoff: '00:00' });
  return new Date(Math.max(house, nextDay.start.getTime() + channel.billReadyHour * hourMs));
}
