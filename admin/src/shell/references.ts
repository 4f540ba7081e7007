import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../http/client';
import { type Channel, channels, page, type Row } from '../http/contracts';
import { useText } from '../i18n';
import { useAccount } from './useAccount';

const minutes = 60_000;
const many = { 'pagination[pageSize]': 200 };

/** Lists that many screens name things from. An account that may not read one sees codes instead of names. */
function useReference(name: string, path: string, isWanted = true) {
  return useQuery({
    enabled: isWanted,
    queryKey: ['reference', name],
    queryFn: () => call(path, page, { query: many }).then(({ data }) => data),
    staleTime: 5 * minutes,
    retry: false,
  });
}

const text = (row: Row, name: string): string => {
  const value = row[name];
  return typeof value === 'string' ? value : '';
};

export interface Choice {
  value: string;
  label: string;
  row: Row;
}

const toChoices = (rows: Row[] | undefined): Choice[] =>
  (rows ?? []).map((row) => ({
    value: text(row, 'code'),
    label: text(row, 'name') || text(row, 'code'),
    row,
  }));

export function useMerchants() {
  const { data, isFetched } = useReference('merchants', '/merchants');
  return useMemo(() => {
    const choices = toChoices(data);
    const names = new Map(choices.map(({ value, label }) => [value, label]));
    const currencies = new Map(choices.map(({ value, row }) => [value, text(row, 'currency') || undefined]));
    return {
      choices,
      isFetched,
      nameOf: (code: string) => names.get(code) ?? code,
      currencyOf: (code: string | undefined) => currencies.get(code ?? ''),
    };
  }, [data, isFetched]);
}

export function useTerminals() {
  const { data } = useReference('terminals', '/terminals');
  return useMemo(() => toChoices(data), [data]);
}

export function useChannelAccounts() {
  const { data } = useReference('channel-accounts', '/channel-accounts');
  return useMemo(() => toChoices(data), [data]);
}

/** Names that a field takes several of, separated by commas; what an account may not read it may still type. */
const manyOf: Record<string, { path: string; subject: string; value: string; label: string }> = {
  targets: { path: '/message-targets', subject: 'message-target', value: 'code', label: 'name' },
  kinds: { path: '/message-templates', subject: 'message-template', value: 'kind', label: 'name' },
  roles: { path: '/roles', subject: 'role', value: 'code', label: 'name' },
  usernames: { path: '/accounts', subject: 'account', value: 'username', label: 'displayName' },
};

export const takesMany = (fieldName: string): boolean => Object.hasOwn(manyOf, fieldName);

export function useManyOf(fieldName: string) {
  const { may } = useAccount();
  const { language } = useText();
  const source = manyOf[fieldName];
  const isWanted = source !== undefined && may('read', source.subject);
  const { data } = useReference(fieldName, source?.path ?? '', isWanted);
  return useMemo(
    () =>
      (data ?? []).flatMap((row) => {
        const value = source ? text(row, source.value) : '';
        const label = source ? (language === 'en' && text(row, 'nameEn')) || text(row, source.label) : '';
        return value === '' || value === '*' ? [] : [{ value, label: label || value }];
      }),
    [data, source, language],
  );
}

const none: Channel[] = [];

export function useChannels() {
  const { t, pick } = useText();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['reference', 'channels'],
    queryFn: () => call('/payments/channels', channels),
    staleTime: 5 * minutes,
    retry: false,
  });
  const list = data ?? none;
  return {
    channels: list,
    error,
    isPending,
    refetch,
    titleOf: (code: string) => {
      const known = list.find((channel) => channel.code === code);
      return known ? pick(known.title) : t(`channel.${code}`, { defaultValue: code });
    },
  };
}
