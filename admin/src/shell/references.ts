import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../http/client';
import { type Channel, channels, type Field, page, type Row } from '../http/contracts';
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
  const { data } = useReference('channel-account', '/channel-accounts');
  return useMemo(() => toChoices(data), [data]);
}

/** The rows that a field's codes stand for; an account that may not read them sees the codes. */
export function useNames(named: Field['names']) {
  const { may } = useAccount();
  const { language } = useText();
  const type = named?.type ?? '';
  const isWanted = named != null && may('read', type);
  const { data } = useReference(type, (named?.endpoint ?? '').replace(/^\/api/, ''), isWanted);
  return useMemo(() => {
    const choices = (data ?? []).flatMap((row) => {
      const value = named ? text(row, named.code) : '';
      const label = named ? text(row, named.name) : '';
      return value === '' || value === '*'
        ? []
        : [{ value, label: (language === 'en' && text(row, 'nameEn')) || label || value }];
    });
    const names = new Map(choices.map(({ value, label }) => [value, label]));
    for (const [code, title] of Object.entries(named?.besides ?? {})) names.set(code, title[language]);
    return { choices, nameOf: (code: string) => names.get(code) ?? code };
  }, [data, named, language]);
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
