import { useQuery } from '@tanstack/react-query';
import { Empty, Skeleton } from 'antd';
import { call } from '../http/client';
import { orderRouting } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { RoutingTable } from './RoutingTable';

/** Why an order went to its account, as it was decided then. */
export function OrderRouting({ orderNo }: { orderNo: string }) {
  const { t } = useText();
  const { data, error, refetch } = useQuery({
    queryKey: ['order-routing', orderNo],
    queryFn: () => call(`/payments/orders/${encodeURIComponent(orderNo)}/routing`, orderRouting),
  });
  if (error) return <FailureView error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton active />;
  if (!data.routing) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('routing.unknown')} />;
  return <RoutingTable routing={data.routing} />;
}
