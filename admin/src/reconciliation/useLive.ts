import { liveFigures } from '../http/contracts';
import { useStream } from '../http/useStream';

export type { Connection } from '../http/useStream';

/** Today's figures as they move. */
export function useLive(merchantCode: string | undefined, currency: string | undefined) {
  const asked = new URLSearchParams({
    ...(merchantCode ? { merchantCode } : {}),
    ...(currency ? { currency } : {}),
  });
  const path = `/reconciliation/live${asked.size > 0 ? `?${asked}` : ''}`;
  const { data: figures, connection, failure } = useStream(path, 'figures', liveFigures);
  return { figures, connection, failure };
}
