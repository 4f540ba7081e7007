import { stamp } from '../time';

/** A number of ours for one sale or refund: hospital time and ten random digits; unique without asking anybody. */
export function saleNumber(prefix: 'C' | 'R', now: Date = new Date()): string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  const tail = [...random].map((part) => String(part % 100_000).padStart(5, '0')).join('');
  return `${prefix}${stamp(now)}${tail}`;
}
