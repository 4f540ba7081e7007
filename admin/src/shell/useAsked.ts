import { useSearchParams } from 'react-router';

/** What a screen is asked stands in its address; `undefined` takes a question away. */
export function useAsked() {
  const [search, setSearch] = useSearchParams();
  const go = (change: Record<string, string | undefined>) => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) next.delete(name);
      else next.set(name, value);
    }
    setSearch(next);
  };
  return { search, go };
}
