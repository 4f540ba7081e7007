/** A small seeded generator (mulberry32): the demo data must come out the same on every machine. */
export interface Random {
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** Index by weight; weights are whole numbers. */
  weighted(weights: readonly number[]): number;
  /** True so many times in a thousand. */
  perMille(share: number): boolean;
  digits(count: number): string;
}

export function random(seed: string): Random {
  let state = hash(seed);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (min: number, max: number): number => min + (next() % (max - min + 1));
  return {
    int,
    pick: (items) => items[int(0, items.length - 1)] ?? items[0],
    weighted(weights) {
      let left = int(
        1,
        weights.reduce((sum, weight) => sum + weight, 0),
      );
      for (const [index, weight] of weights.entries()) {
        left -= weight;
        if (left <= 0) return index;
      }
      return weights.length - 1;
    },
    perMille: (share) => int(1, 1000) <= share,
    digits: (count) => Array.from({ length: count }, () => int(0, 9)).join(''),
  };
}

/** FNV-1a: texts become seeds. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return value | 0;
}
