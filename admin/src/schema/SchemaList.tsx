import { PlusOutlined } from '@ant-design/icons';
import { type ProColumns, ProTable } from '@ant-design/pro-components';
import { useDelete } from '@refinedev/core';
import { Button, Drawer, Empty, Popconfirm, Skeleton, Space } from 'antd';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { ExportButton } from '../exports/ExportButton';
import type { Row, Screen } from '../http/contracts';
import { toStrapiFilters, toStrapiSort } from '../http/dataProvider';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { Page } from '../shell/Page';
import { useToast } from '../shell/useToast';
import { Cell } from './Cell';
import { type ColumnsMap, fromColumnsMap, headingWidth, planColumns, toColumnsMap, wordsOf } from './columns';
import { FilterBar } from './FilterBar';
import {
  defaultPageSize,
  type ListState,
  pageSizes,
  readListState,
  toCrudFilters,
  toSorters,
  writeListState,
} from './filters';
import { PlacePager, useTotalText } from './PlacePager';
import { SchemaDetail } from './SchemaDetail';
import { SchemaForm } from './SchemaForm';
import { useRows } from './useRows';
import { useSaveColumns, useScreen } from './useScreen';

export interface ListProps {
  type: string;
  /** Which field names a row in the address (`?open=…`). */
  keyField?: string;
  /** Filters of a first visit, before anything is asked for. */
  initial?: Record<string, string>;
  /** What may be done with a row, before the general actions. */
  rowActions?: (row: Row, helpers: { screen: Screen; reload: () => void }) => ReactNode;
  /** Drawn instead of the general detail. */
  detail?: (key: string, helpers: { screen: Screen; row: Row | undefined; reload: () => void }) => ReactNode;
  /** Drawn instead of the general form; `key` is undefined for a new row. */
  form?: (
    key: string | undefined,
    helpers: { screen: Screen; row: Row | undefined; done: () => void },
  ) => ReactNode;
  /** Whether a row can be looked into. */
  viewable?: boolean;
  detailWidth?: number;
  detailTitle?: string;
  /** While a row of the page is so, the list reloads by itself. */
  follow?: (row: Row) => boolean;
  /** Heading, where the screen is called otherwise than its content type. */
  title?: string;
  extra?: (helpers: { reload: () => void }) => ReactNode;
  /** What may be done with several rows at once; drawn while some are chosen. */
  bulk?: (rows: Row[], helpers: { reload: () => void; clear: () => void }) => ReactNode;
  actionsWidth?: number;
}

/** A list of one content type, drawn from its screen; what is asked of it stands in the address. */
export function SchemaList(props: ListProps) {
  const { data: screen, error, refetch, isPending } = useScreen(props.type);
  const { t } = useText();
  if (screen) return <Rows {...props} screen={screen} />;
  return (
    <Page title={isPending ? t('common.loading') : t('common.loadFailed')}>
      {error ? (
        <FailureView error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton active paragraph={{ rows: 8 }} />
      )}
    </Page>
  );
}

const keyOf = (row: Row, keyField: string): string => String(row[keyField] ?? row.documentId ?? row.id ?? '');

function Rows({
  screen,
  type,
  keyField = 'documentId',
  initial,
  rowActions,
  detail,
  form,
  viewable,
  detailWidth = 720,
  detailTitle,
  extra,
  bulk,
  actionsWidth,
  follow,
  title,
}: ListProps & { screen: Screen }) {
  const { t, pick, language } = useText();
  const toast = useToast();
  const [search, setSearch] = useSearchParams();
  const saveColumns = useSaveColumns(type);
  const { mutate: remove } = useDelete();
  const resource = screen.endpoint.replace(/^\/api\//, '');
  const fieldNames = useMemo(() => new Set(screen.fields.map(({ name }) => name)), [screen]);
  const opened = search.get('open');
  const edited = search.get('edit');

  // Until the address has them, a list that is opened has its own filters; who takes them away means it.
  const [isFresh, setFresh] = useState(initial !== undefined);
  const address = (isFresh && search.size === 0 ? new URLSearchParams(initial) : search).toString();
  const state = useMemo(() => readListState(new URLSearchParams(address), fieldNames), [address, fieldNames]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the first visit is given its filters
  useEffect(() => {
    if (isFresh && search.size === 0) setSearch(new URLSearchParams(initial), { replace: true });
  }, []);
  useEffect(() => {
    if (search.size > 0) setFresh(false);
  }, [search]);

  const go = (change: Partial<ListState>) => {
    setFresh(false);
    setSearch(writeListState({ ...state, ...change }));
  };
  const put = (name: 'open' | 'edit', value: string | undefined) => {
    const next = new URLSearchParams(search);
    if (value === undefined) next.delete(name);
    else next.set(name, value);
    setSearch(next);
  };

  const asked = {
    filters: toCrudFilters(screen, state.values, language),
    sorters: toSorters(screen, state.sort),
  };
  const { rows, total, places, error, isFetching, reload } = useRows(screen, state, asked, follow);
  // What was done with the last page's rows may have emptied it.
  const lastPage = Math.ceil((total ?? 0) / state.size);
  const isBeyond = !isFetching && rows.length === 0 && lastPage > 0 && state.page > lastPage;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only being there leads away
  useEffect(() => {
    if (isBeyond) setSearch(writeListState({ ...state, page: lastPage }), { replace: true });
  }, [isBeyond, lastPage]);
  const totalText = useTotalText();
  /** Asking the same again is asking for what is new. */
  const ask = (values: Record<string, string>) => {
    const next = { values, page: 1, place: {} };
    if (writeListState({ ...state, ...next }).toString() === writeListState(state).toString()) reload();
    else go(next);
  };

  const plans = useMemo(() => planColumns(screen, language), [screen, language]);
  const [columnsMap, setColumnsMap] = useState<ColumnsMap>(() => toColumnsMap(plans));
  useEffect(() => setColumnsMap(toColumnsMap(plans)), [plans]);
  const saving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(saving.current), []);
  const changeColumns = (map: ColumnsMap) => {
    setColumnsMap(map);
    clearTimeout(saving.current);
    saving.current = setTimeout(() => {
      saveColumns(fromColumnsMap(screen.view, map)).then(
        () => toast.success(t('common.columnsSaved')),
        toast.failure,
      );
    }, 1200);
  };

  const mayUpdate = screen.can.update === true && (form !== undefined || screen.view.form.length > 0);
  const mayCreate = screen.can.create === true && (form !== undefined || screen.view.form.length > 0);
  const mayDelete = screen.can.delete === true;
  const isViewable = viewable ?? screen.view.actions.some((name) => name === 'view' || name === 'detail');
  const hasActions = isViewable || rowActions !== undefined || mayUpdate || mayDelete;

  const columns: ProColumns<Row>[] = plans.map((plan) => ({
    key: plan.field.name,
    dataIndex: plan.field.name,
    title: pick(plan.field.title),
    width: plan.width,
    align: plan.align,
    fixed: plan.fixed,
    ellipsis: false,
    sorter: plan.sortable,
    showSorterTooltip: false,
    sortOrder:
      state.sort?.field === plan.field.name
        ? state.sort.order === 'desc'
          ? ('descend' as const)
          : ('ascend' as const)
        : null,
    render: (_, row) => (
      <Cell
        field={plan.field}
        value={wordsOf(row, plan.field.name, language)}
        currency={row.currency}
        copyable={plan.copyable}
      />
    ),
  }));
  if (hasActions) {
    columns.push({
      key: 'actions',
      title: t('common.actions'),
      fixed: 'right',
      width:
        actionsWidth ??
        Math.max(
          headingWidth(t('common.actions'), false),
          16 + (isViewable ? 34 : 0) + (rowActions ? 48 : 0) + (mayUpdate ? 44 : 0) + (mayDelete ? 44 : 0),
        ),
      hideInSetting: true,
      render: (_, row) => (
        <Space size={10}>
          {isViewable && (
            <Button
              type="link"
              size="small"
              className="cell-link"
              onClick={() => put('open', keyOf(row, keyField))}
            >
              {t('common.view')}
            </Button>
          )}
          {rowActions?.(row, { screen, reload })}
          {mayUpdate && (
            <Button
              type="link"
              size="small"
              className="cell-link"
              onClick={() => put('edit', keyOf(row, keyField))}
            >
              {t('common.edit')}
            </Button>
          )}
          {mayDelete && (
            <Popconfirm
              title={t('common.removeSure')}
              okText={t('common.remove')}
              cancelText={t('common.cancel')}
              onConfirm={() =>
                remove(
                  {
                    resource,
                    id: String(row.documentId ?? row.id),
                    successNotification: false,
                    errorNotification: false,
                  },
                  { onSuccess: () => toast.success(t('common.removed')), onError: toast.failure },
                )
              }
            >
              <Button type="link" size="small" danger className="cell-link">
                {t('common.remove')}
              </Button>
            </Popconfirm>
          )}
        </Space>
      ),
    });
  }

  const width = columns.reduce(
    (sum, { key, width: own }) => sum + (columnsMap[String(key)]?.show === false ? 0 : Number(own ?? 0)),
    0,
  );

  const [chosen, setChosen] = useState<string[]>([]);
  const chosenRows = rows.filter((row) => chosen.includes(keyOf(row, keyField)));
  const found = (key: string | null) =>
    key === null ? undefined : rows.find((row) => keyOf(row, keyField) === key);
  const isFiltered = Object.keys(state.values).length > 0;

  return (
    <Page
      title={title ?? pick(screen.title)}
      extra={
        <>
          {extra?.({ reload })}
          <ExportButton
            code={type}
            question={{
              filters: toStrapiFilters(asked.filters),
              sort: toStrapiSort(asked.sorters),
              title: title ?? pick(screen.title),
            }}
          />
          {mayCreate && (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => put('edit', 'new')}>
              {t('common.create')}
            </Button>
          )}
        </>
      }
    >
      <FilterBar screen={screen} values={state.values} onQuery={ask} />
      {error && <FailureView error={error} onRetry={reload} />}
      <ProTable<Row>
        key={language}
        className="rows"
        size="small"
        columns={columns}
        dataSource={error ? [] : rows}
        rowKey={(row) => keyOf(row, keyField)}
        {...(bulk && {
          rowSelection: {
            selectedRowKeys: chosenRows.map((row) => keyOf(row, keyField)),
            onChange: (keys) => setChosen(keys.map(String)),
          },
          tableAlertRender: false as const,
        })}
        loading={isFetching && { delay: 200 }}
        search={false}
        cardBordered={false}
        cardProps={{ bodyStyle: { padding: 0 } }}
        tableLayout="fixed"
        scroll={{ x: width }}
        headerTitle={
          bulk && chosenRows.length > 0 ? (
            bulk(chosenRows, { reload, clear: () => setChosen([]) })
          ) : (
            <span className="quiet total">{total !== undefined && totalText(total, places)}</span>
          )
        }
        options={{ reload, density: false, fullScreen: false, setting: { listsHeight: 420 } }}
        columnsState={{ value: columnsMap, onChange: changeColumns, defaultValue: toColumnsMap(plans) }}
        locale={{
          emptyText:
            isFetching || error ? (
              ' '
            ) : (
              <Empty
                image={Empty.PRESENTED_IMAGE_SIMPLE}
                description={isFiltered ? t('common.emptyFiltered') : t('common.empty')}
              />
            ),
        }}
        pagination={
          !places && {
            current: state.page,
            pageSize: state.size,
            total: total ?? 0,
            defaultPageSize,
            pageSizeOptions: pageSizes,
            showSizeChanger: true,
            showQuickJumper: true,
            showTotal: (total) => t('common.total', { total }),
            ...(language === 'zh'
              ? { locale: { jump_to: '到第', page: '页', items_per_page: '条/页' } }
              : {}),
          }
        }
        onChange={(pagination, _filters, sorter) => {
          const chosen = Array.isArray(sorter) ? sorter[0] : sorter;
          const size = pagination.pageSize ?? state.size;
          const sort =
            chosen?.order && chosen.columnKey
              ? {
                  field: String(chosen.columnKey),
                  order: chosen.order === 'descend' ? ('desc' as const) : ('asc' as const),
                }
              : undefined;
          const isSameOrder = sort?.field === state.sort?.field && sort?.order === state.sort?.order;
          const isSame = size === state.size && isSameOrder;
          go({ sort, size, page: isSame ? (pagination.current ?? 1) : 1, place: isSame ? state.place : {} });
        }}
      />
      {places && (
        <PlacePager
          places={places}
          size={state.size}
          onPlace={(place) => go({ place })}
          onSize={(size) => go({ size, place: {} })}
        />
      )}
      <Drawer
        open={opened !== null}
        onClose={() => put('open', undefined)}
        width={detailWidth}
        destroyOnHidden
        title={detailTitle ?? `${pick(screen.title)} · ${t('common.details')}`}
      >
        {opened !== null &&
          (detail?.(opened, { screen, row: found(opened), reload }) ?? (
            <SchemaDetail screen={screen} id={opened} row={found(opened)} />
          ))}
      </Drawer>
      <Drawer
        open={edited !== null}
        onClose={() => put('edit', undefined)}
        width={form ? 760 : 560}
        destroyOnHidden
        title={`${edited === 'new' ? t('common.create') : t('common.edit')} · ${pick(screen.title)}`}
      >
        {edited !== null &&
          (() => {
            const id = edited === 'new' ? undefined : edited;
            const done = () => {
              put('edit', undefined);
              reload();
            };
            return (
              form?.(id, { screen, row: found(edited), done }) ?? (
                <SchemaForm screen={screen} id={id} row={found(edited)} onDone={done} />
              )
            );
          })()}
      </Drawer>
    </Page>
  );
}
