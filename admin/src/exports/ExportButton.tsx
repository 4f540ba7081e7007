import { DownloadOutlined } from '@ant-design/icons';
import { Button, Space } from 'antd';
import { useState } from 'react';
import { useText } from '../i18n';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { type ExportQuestion, useBeginExport } from './ExportsUnderWay';

/** What the screen shows, as Excel or CSV; not there for whom exporting is not. */
export function ExportButton({
  code,
  question,
  size = 'middle',
}: Pick<ExportQuestion, 'code' | 'question'> & { size?: 'small' | 'middle' }) {
  const { t } = useText();
  const { may } = useAccount();
  const toast = useToast();
  const begin = useBeginExport();
  const [asking, setAsking] = useState<ExportQuestion['format']>();
  if (!may('create', 'export')) return null;
  const ask = async (format: ExportQuestion['format']) => {
    setAsking(format);
    await begin({ code, format, question }).catch(toast.failure);
    setAsking(undefined);
  };
  return (
    <Space.Compact>
      <Button
        size={size}
        icon={<DownloadOutlined />}
        loading={asking === 'xlsx'}
        disabled={asking !== undefined}
        onClick={() => void ask('xlsx')}
      >
        {t('exports.excel')}
      </Button>
      <Button
        size={size}
        loading={asking === 'csv'}
        disabled={asking !== undefined}
        aria-label={t('exports.csv')}
        onClick={() => void ask('csv')}
      >
        CSV
      </Button>
    </Space.Compact>
  );
}
