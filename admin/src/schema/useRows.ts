import { type CrudFilter, type CrudSort, useList } from '@refinedev/core';
import { useQuery } from '@tanstack/react-query';
import type { Row, Screen } from '../http/contracts';
import { readPlaced } from '../http/dataProvider';
import type { ListState } from './filters';

/** The rows of a list as its address asks for them: a page by its number, or by the place where it begins. */
export function useRows(
  screen: Screen,
  { page, size, place }: ListState,
  asked: { filters: CrudFilter[]; sorters: CrudSort[] },
  follow: ((row: Row) => boolean) | undefined,
) {
  const resource = screen.endpoint.replace(/^\/api\//, '');
  const isPlaced = screen.paging === 'places';
  const numbered = useList<Row & { id?: string }>({
    resource,
    ...asked,
    pagination: { currentPage: page, pageSize: size },
    queryOptions: {
      enabled: !isPlaced,
      retry: false,
      placeholderData: (previous) => previous,
      refetchInterval: ({ state: { data } }) => (follow && data?.data.some(follow) ? 2000 : false),
    },
    errorNotification: false,
  });
  const placed = useQuery({
    queryKey: ['placed', resource, asked, size, place],
    queryFn: () => readPlaced(resource, { ...asked, pageSize: size }, place),
    enabled: isPlaced,
    retry: false,
    placeholderData: (previous) => previous,
  });
  const { query, result } = numbered;
  if (!isPlaced) {
    const { error, isFetching } = query;
    const rows: Row[] = result.data;
    const total = query.data && (result.total ?? 0);
    return { rows, total, places: undefined, error, isFetching, reload: () => void query.refetch() };
  }
  const { data, error, isFetching, refetch } = placed;
  const rows = data?.rows ?? [];
  return {
    rows,
    total: data?.places.total,
    places: data?.places,
    error,
    isFetching,
    reload: () => void refetch(),
  };
}
