import { Button } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { useAccount } from '../shell/useAccount';
import { BulkBar } from './handling/BulkBar';
import { CaseDrawer } from './handling/CaseDrawer';
import { locationOf } from './locationOf';
import { unhandled } from './unhandled';

/** One-sided entries; those nobody has dealt with come first. */
export default function Discrepancies() {
  const { t } = useText();
  const navigate = useNavigate();
  const { account, may } = useAccount();
  const [handling, setHandling] = useState<{ caseNo: string; reload: () => void }>();
  return (
    <>
      <SchemaList
        type="discrepancy"
        keyField="caseNo"
        title={t('menu.discrepancies')}
        initial={{ status: unhandled.join(',') }}
        actionsWidth={98}
        follow={(row) => row.status === 'refunding'}
        {...(may('resolve', 'discrepancy') && {
          bulk: (rows, { reload, clear }) => (
            <BulkBar
              cases={new Map(rows.map((row) => [String(row.caseNo), locationOf(row)]))}
              me={account?.username ?? ''}
              onDone={() => {
                clear();
                reload();
              }}
            />
          ),
        })}
        rowActions={(row, { reload }) => (
          <>
            <Button
              type="link"
              size="small"
              className="cell-link"
              onClick={() => navigate(`/locate?no=${encodeURIComponent(locationOf(row))}`)}
            >
              {t('common.view')}
            </Button>
            <Button
              type="link"
              size="small"
              className="cell-link"
              onClick={() => setHandling({ caseNo: String(row.caseNo), reload })}
            >
              {t('locate.handle')}
            </Button>
          </>
        )}
      />
      <CaseDrawer
        caseNo={handling?.caseNo}
        onClose={() => setHandling(undefined)}
        onChanged={() => handling?.reload()}
      />
    </>
  );
}
