import { SchemaList } from '../schema/SchemaList';
import { KioskToken } from './KioskToken';

export default function Terminals() {
  return (
    <SchemaList
      type="terminal"
      actionsWidth={190}
      rowActions={(row, { screen, reload }) =>
        row.kind === 'kiosk' && screen.can.update === true ? <KioskToken row={row} reload={reload} /> : null
      }
    />
  );
}
