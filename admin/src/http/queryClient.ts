import { keepPreviousData, QueryClient } from '@tanstack/react-query';

/** What the screens have read. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { refetchOnWindowFocus: false, retry: false, placeholderData: keepPreviousData },
  },
});
