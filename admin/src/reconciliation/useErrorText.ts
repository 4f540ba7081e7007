import { useQuery } from '@tanstack/react-query';
import { call } from '../http/client';
import { errorTexts } from '../http/contracts';
import { useText } from '../i18n';

/** What an error code of a run or a bill means; a code that nobody knows stands for itself. */
export function useErrorText(isWanted: boolean): (code: string) => string {
  const { pick } = useText();
  const { data } = useQuery({
    queryKey: ['reference', 'reconciliation-errors'],
    queryFn: () => call('/reconciliation/errors', errorTexts).then(({ errors }) => errors),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return (code) => {
    const text = data?.find((each) => each.code === code);
    return text ? `${pick(text)} [${code}]` : code;
  };
}
