import type { MongoAbility } from '@casl/ability';
import { useGetIdentity } from '@refinedev/core';
import { useMemo } from 'react';
import { abilityOf, may } from '../http/account';
import type { Account } from '../http/contracts';

/** The signed-in account and what it may do. */
export function useAccount() {
  const { data: account, isLoading } = useGetIdentity<Account>();
  const ability: MongoAbility = useMemo(() => abilityOf(account), [account]);
  return {
    account,
    isLoading,
    ability,
    may: (action: string, subject: string) => may(ability, action, subject),
  };
}
