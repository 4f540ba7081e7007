import { Button } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { locationOf } from './locationOf';
import { ResolveModal } from './ResolveModal';

/** One-sided entries; those nobody has dealt with come first. */
export default function Discrepancies() {
  const { t } = useText();
  const navigate = useNavigate();
  const [handling, setHandling] = useState<{ row: Row; reload: () => void }>();
  return (
    <>
      <SchemaList
        type="discrepancy"
        keyField="caseNo"
        title={t('menu.discrepancies')}
        initial={{ status: 'open,pending_approval' }}
        actionsWidth={112}
        rowActions={(row, { screen, reload }) => (
          <>
            <Button
              type="link"
              size="small"
              className="cell-link"
              onClick={() => navigate(`/locate?no=${encodeURIComponent(locationOf(row))}`)}
            >
              {t('common.view')}
            </Button>
            {screen.can.actions.resolve === true && row.status === 'open' && (
              <Button
                type="link"
                size="small"
                className="cell-link"
                onClick={() => setHandling({ row, reload })}
              >
                {t('locate.handle')}
              </Button>
            )}
          </>
        )}
      />
      {handling && (
        <ResolveModal
          discrepancy={handling.row}
          onClose={() => setHandling(undefined)}
          onDone={() => {
            handling.reload();
            setHandling(undefined);
          }}
        />
      )}
    </>
  );
}
