import { ProDescriptions } from '@ant-design/pro-components';
import { useOne } from '@refinedev/core';
import { Skeleton } from 'antd';
import type { Row, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { Cell } from './Cell';
import { isNumberOfSomething } from './columns';

/** Every field of one row. A row that the list does not hold (another page, a shared address) is read by its id. */
export function SchemaDetail({ screen, id, row }: { screen: Screen; id: string; row: Row | undefined }) {
  const { query, result } = useOne<Row & { id?: string }>({
    resource: screen.endpoint.replace(/^\/api\//, ''),
    id,
    queryOptions: { enabled: row === undefined, retry: false },
    errorNotification: false,
  });
  const shown = row ?? result;
  if (query.error) return <FailureView error={query.error} onRetry={() => void query.refetch()} />;
  if (!shown) return <Skeleton active />;
  return <Fields screen={screen} row={shown} />;
}

export function Fields({ screen, row, columns = 2 }: { screen: Screen; row: Row; columns?: number }) {
  const { pick } = useText();
  const wide = new Set(['text', 'json', 'anomalies']);
  return (
    <ProDescriptions column={columns} size="small" bordered className="fields">
      {screen.fields
        .filter(({ name }) => row[name] !== undefined)
        .map((field) => (
          <ProDescriptions.Item
            key={field.name}
            label={pick(field.title)}
            span={wide.has(field.kind) ? columns : 1}
          >
            <Cell
              field={field}
              value={row[field.name]}
              currency={row.currency}
              whole
              copyable={isNumberOfSomething(field) && row[field.name] !== ''}
            />
          </ProDescriptions.Item>
        ))}
    </ProDescriptions>
  );
}
