/** What one account's day should bring to the bank. Amounts in fen, days yyyy-MM-dd. */
export interface ExpectedArrival {
  accountCode: string;
  date: string;
  expectedFen: number;
  /** First and last day on which it may arrive. */
  from: string;
  until: string;
  /** Word that names the payer in the bank's lines; empty when every line may be it. */
  payer: string;
}

/** A credit on the bank account. */
export interface Credit {
  id: number;
  date: string;
  amountFen: number;
  /** Counterparty, summary and reference. */
  text: string;
}

export interface Pairing {
  arrivals: { accountCode: string; date: string }[];
  credits: number[];
}

/** A long holiday is paid out in one sum. */
const longestRun = 10;

/**
 * Pairs what should have arrived with what did: one for one, then days paid out together (a weekend), then a day that
 * came in several sums. Amounts must be equal to the fen and the day within the window; what fits the days of two
 * accounts is left to a person. Pure: the order of the input does not matter, and nothing is paired twice.
 */
export function pairArrivals(expected: readonly ExpectedArrival[], credits: readonly Credit[]): Pairing[] {
  const arrivals = expected.toSorted(
    (a, b) => compare(a.date, b.date) || compare(a.accountCode, b.accountCode),
  );
  const open = new Set(arrivals);
  const free = new Set(credits.toSorted((a, b) => compare(a.date, b.date) || a.id - b.id));
  const pairings: Pairing[] = [];
  const pair = (days: ExpectedArrival[], sums: Credit[]): void => {
    for (const day of days) open.delete(day);
    for (const sum of sums) free.delete(sum);
    pairings.push({
      arrivals: days.map(({ accountCode, date }) => ({ accountCode, date })),
      credits: sums.map(({ id }) => id),
    });
  };

  for (const credit of [...free]) {
    const fitting = [...open].filter(
      (day) => day.expectedFen === credit.amountFen && mayBe(day, day, credit),
    );
    const [first] = fitting;
    if (first && fitting.every(({ accountCode }) => accountCode === first.accountCode))
      pair([first], [credit]);
  }
  for (const credit of [...free]) {
    const fitting = [...runs([...open], credit)];
    const [first] = fitting;
    if (first && fitting.every((run) => run[0]?.accountCode === first[0]?.accountCode)) pair(first, [credit]);
  }
  for (const day of [...open]) {
    if (day.payer === '') continue;
    const byDate = new Map<string, Credit[]>();
    for (const credit of free) {
      if (mayBe(day, day, credit)) byDate.set(credit.date, [...(byDate.get(credit.date) ?? []), credit]);
    }
    for (const sums of byDate.values()) {
      if (sums.length < 2 || sums.reduce((sum, { amountFen }) => sum + amountFen, 0) !== day.expectedFen)
        continue;
      pair([day], sums);
      break;
    }
  }
  return pairings;
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Whether a credit may be what these days, one or neighbours, bring. */
export const mayBe = (first: ExpectedArrival, last: ExpectedArrival, credit: Credit): boolean =>
  credit.amountFen > 0 &&
  credit.date >= first.from &&
  credit.date <= last.until &&
  credit.text.includes(first.payer);

/** Neighbouring open days of one account that add up to a credit, the shortest run from each day. */
function* runs(open: ExpectedArrival[], credit: Credit): Generator<ExpectedArrival[]> {
  const byAccount = new Map<string, ExpectedArrival[]>();
  for (const day of open) byAccount.set(day.accountCode, [...(byAccount.get(day.accountCode) ?? []), day]);
  for (const days of byAccount.values()) {
    for (let start = 0; start < days.length; start++) {
      let sum = 0;
      for (let end = start; end < Math.min(days.length, start + longestRun); end++) {
        sum += days[end]?.expectedFen ?? 0;
        const [first, last] = [days[start], days[end]];
        if (end === start || sum !== credit.amountFen || !first || !last) continue;
        if (credit.date >= last.from && mayBe(first, last, credit)) {
          yield days.slice(start, end + 1);
          break;
        }
      }
    }
  }
}
