import { useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../http/client';
import { anything, type ColumnChoice, screen } from '../http/contracts';

/** What a content type looks like to this account: fields, view, and what may be done. */
export function useScreen(type: string, isWanted = true) {
  return useQuery({
    queryKey: ['screen', type],
    queryFn: () => call(`/lowcode/screens/${type}`, screen),
    enabled: isWanted,
    staleTime: 10 * 60_000,
    retry: 1,
  });
}

/** Columns chosen by this person, kept on the server so that they follow to another computer. */
export function useSaveColumns(type: string) {
  const client = useQueryClient();
  return async (columns: ColumnChoice[] | undefined) => {
    await (columns
      ? call(`/lowcode/views/${type}`, anything, { method: 'PUT', body: { columns } })
      : call(`/lowcode/views/${type}`, anything, { method: 'DELETE' }));
    await client.invalidateQueries({ queryKey: ['screen', type] });
  };
}
