import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useState } from 'react';
import { call } from '../../http/client';
import { type ActResult, actResults, handlers } from '../../http/contracts';
import { useText } from '../../i18n';
import { useAccount } from '../../shell/useAccount';
import { useToast } from '../../shell/useToast';

/** Who can be given a case. */
export function useHandlers(isWanted: boolean) {
  return useQuery({
    queryKey: ['handlers'],
    queryFn: () => call('/reconciliation/handlers', handlers).then(({ people }) => people),
    enabled: isWanted,
    staleTime: 5 * 60_000,
  });
}

/** Those who handle cases by the names people know; whoever is not among them by the account's. */
export function usePeople() {
  const { may } = useAccount();
  const { data = [] } = useHandlers(may('resolve', 'discrepancy'));
  return {
    people: data,
    nameOf: (username: string) =>
      data.find((person) => person.username === username)?.displayName || username,
  };
}

/** Sends what somebody decided about cases, and tells of each that could not be done why. `nameOf`: what the screen calls a case by. */
export function useActs(onDone: () => void, nameOf = (caseNo: string): string => caseNo) {
  const { t, pick } = useText();
  const toast = useToast();
  const { modal } = App.useApp();
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);

  const tell = (results: ActResult[]) => {
    const refused = results.filter(({ ok }) => !ok);
    const done = results.length - refused.length;
    if (refused.length === 0) toast.success(t('handling.done', { done }));
    else {
      modal.warning({
        title: t('handling.someRefused', { done, refused: refused.length }),
        width: 560,
        content: (
          <ul className="plain">
            {refused.map(({ caseNo, error }) => (
              <li key={caseNo}>
                <span className="number">{nameOf(caseNo)}</span> {error ? pick(error) : ''}
              </li>
            ))}
          </ul>
        ),
      });
    }
  };

  /** True when it was done; a failure has been shown. */
  const run = async (path: 'handle' | 'judge' | 'match', body: object): Promise<boolean> => {
    setBusy(true);
    try {
      const { results } = await call(`/reconciliation/discrepancies/${path}`, actResults, {
        method: 'POST',
        body,
      });
      tell(results);
      await client.invalidateQueries({ queryKey: ['case'] });
      onDone();
      return true;
    } catch (error) {
      toast.failure(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { run, isBusy };
}
