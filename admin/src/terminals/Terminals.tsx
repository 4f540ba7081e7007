import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { KioskToken } from './KioskToken';

export default function Terminals() {
  const { t } = useText();
  return (
    <SchemaList
      type="terminal"
      title={t('menu.terminals')}
      actionsWidth={140}
      rowActions={(row, { screen, reload }) =>
        row.kind === 'kiosk' && screen.can.update === true ? <KioskToken row={row} reload={reload} /> : null
      }
    />
  );
}
