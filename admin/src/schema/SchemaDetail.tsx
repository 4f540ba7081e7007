import { ProDescriptions } from '@ant-design/pro-components';
import { useOne } from '@refinedev/core';
import { Skeleton } from 'antd';
import type { Row, Screen } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { Cell } from './Cell';
import { isNumberOfSomething, wordsOf } from './columns';

/** A row that a list has, or, where it has not (another page, a shared address), the row read by its id. */
export function useRow(resource: string, id: string, listed: Row | undefined) {
  const { query, result } = useOne<Row & { id?: string }>({
    resource,
    id,
    // What leaves the list (read now, where the unread are listed) stays on the screen while it is asked for again.
    queryOptions: {
      enabled: listed === undefined,
      retry: false,
      ...(listed && { initialData: { data: listed }, initialDataUpdatedAt: 0 }),
    },
    errorNotification: false,
  });
  const row: Row | undefined = listed ?? result;
  return { row, error: query.error, reload: () => void query.refetch() };
}

/** Every field of one row. */
export function SchemaDetail({
  screen,
  id,
  row: listed,
}: {
  screen: Screen;
  id: string;
  row: Row | undefined;
}) {
  const { row, error, reload } = useRow(screen.endpoint.replace(/^\/api\//, ''), id, listed);
  if (error) return <FailureView error={error} onRetry={reload} />;
  if (!row) return <Skeleton active />;
  return <Fields screen={screen} row={row} />;
}

export function Fields({ screen, row, columns = 2 }: { screen: Screen; row: Row; columns?: number }) {
  const { pick, language } = useText();
  const known = new Set(screen.fields.map(({ name }) => name));
  /** Where the English has a field of its own, each is shown as it is. */
  const told = (name: string) => (known.has(`${name}En`) ? row[name] : wordsOf(row, name, language));
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
              value={told(field.name)}
              currency={row.currency}
              whole
              copyable={isNumberOfSomething(field) && row[field.name] !== ''}
            />
          </ProDescriptions.Item>
        ))}
    </ProDescriptions>
  );
}
