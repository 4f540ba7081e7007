import { SchemaList } from '../schema/SchemaList';

/** Runs move on by themselves: the list follows while one is under way. */
export default function Runs() {
  return (
    <SchemaList
      type="reconciliation-run"
      keyField="runNo"
      follow={(row) => ['queued', 'downloading', 'matching'].includes(String(row.status))}
    />
  );
}
