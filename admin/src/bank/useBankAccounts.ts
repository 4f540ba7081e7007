import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../http/client';
import { page } from '../http/contracts';

/** The hospital's bank accounts, to choose from. */
export function useBankAccounts(): { value: string; label: string }[] {
  const { data } = useQuery({
    queryKey: ['reference', 'bank-accounts'],
    queryFn: () => call('/bank-accounts', page, { query: { 'pagination[pageSize]': 200 } }),
  });
  return useMemo(
    () =>
      (data?.data ?? []).map(({ code, name }) => ({
        value: String(code),
        label: typeof name === 'string' && name !== '' ? name : String(code),
      })),
    [data],
  );
}
