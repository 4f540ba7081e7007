/** What insurance's half of a payment is made of. Each part is compared by itself: the fund's money is not the account's. */
export const parts = ['fund', 'account', 'other'] as const;
export type Part = (typeof parts)[number];
export type Shares = Record<Part, number>;

interface ShareColumns {
  fundFen: number | null;
  accountFen: number | null;
  otherFen: number | null;
}

/** Undefined for what insurance has no part in. */
export const sharesOf = ({ fundFen, accountFen, otherFen }: ShareColumns): Shares | undefined =>
  fundFen === null || accountFen === null || otherFen === null
    ? undefined
    : { fund: fundFen, account: accountFen, other: otherFen };
