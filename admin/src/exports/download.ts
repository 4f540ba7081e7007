import { fetchFile } from '../http/files';

/**
 * Fetches a finished export as the signed-in account and hands it to the browser to keep.
 * @throws Failure
 */
export const download = ({ exportNo, fileName }: { exportNo: string; fileName: string }): Promise<void> =>
  fetchFile(`/reconciliation/exports/${exportNo}/file`, {}, fileName);
