import { Flex, Typography } from 'antd';
import type { ReactNode } from 'react';
import { CurrencyAround } from '../schema/Cell';

/** One screen: its heading with what may be done at its right, then the content. */
export function Page({
  title,
  extra,
  currency,
  children,
}: {
  title: string;
  extra?: ReactNode;
  /** Of the amounts on it that say none. */
  currency?: string | undefined;
  children: ReactNode;
}) {
  return (
    <section className="page" aria-label={title}>
      <Flex justify="space-between" align="center" className="page-head" gap={12} wrap>
        <Typography.Title level={1} className="page-title">
          {title}
        </Typography.Title>
        {extra && (
          <Flex gap={8} align="center" wrap>
            {extra}
          </Flex>
        )}
      </Flex>
      <CurrencyAround.Provider value={currency}>{children}</CurrencyAround.Provider>
    </section>
  );
}
