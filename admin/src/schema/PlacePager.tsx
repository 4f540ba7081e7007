import { LeftOutlined, RightOutlined } from '@ant-design/icons';
import { Button, Flex, Select } from 'antd';
import type { Places } from '../http/contracts';
import { useText } from '../i18n';
import { dateTimeText } from '../time';
import { pageSizes } from './filters';

/** How many rows there are, or about how many. */
export function useTotalText() {
  const { t } = useText();
  return (total: number, places: Places | undefined): string => {
    if (places === undefined || places.totalKind === 'exact') return t('common.total', { total });
    const count = total.toLocaleString('en-US');
    return t(places.totalKind === 'about' ? 'common.totalAbout' : 'common.totalMore', { total: count });
  };
}

/** Turns the pages of a list that is read from place to place. */
export function PlacePager({
  places,
  size,
  onPlace,
  onSize,
}: {
  places: Places;
  size: number;
  onPlace: (place: { after?: string; before?: string }) => void;
  onSize: (size: number) => void;
}) {
  const { t } = useText();
  const { previous, next } = places;
  return (
    <Flex justify="end" align="center" gap={8} className="place-pager">
      {places.archivedTo && (
        <span className="quiet">{t('common.archivedTo', { at: dateTimeText(places.archivedTo) })}</span>
      )}
      <Button disabled={previous === null} onClick={() => onPlace({})}>
        {t('common.firstPage')}
      </Button>
      <Button
        icon={<LeftOutlined />}
        disabled={previous === null}
        onClick={() => onPlace(previous === null ? {} : { before: previous })}
      >
        {t('common.previousPage')}
      </Button>
      <Button
        icon={<RightOutlined />}
        iconPosition="end"
        disabled={next === null}
        onClick={() => onPlace(next === null ? {} : { after: next })}
      >
        {t('common.nextPage')}
      </Button>
      <Select
        aria-label={t('common.pageSize')}
        value={size}
        onChange={onSize}
        options={pageSizes.map((value) => ({ value, label: t('common.perPage', { size: value }) }))}
      />
    </Flex>
  );
}
