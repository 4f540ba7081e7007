/** A month as its name: `2026-11`. */
export const monthOf = (date: Date): string => date.toISOString().slice(0, 7);

export function shiftMonth(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return monthOf(new Date(Date.UTC(year, number - 1 + by, 1)));
}

export const monthStart = (month: string): Date => new Date(`${month}-01T00:00:00Z`);
