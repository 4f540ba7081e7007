import { sessionFetch } from '../http/client';
import { asFailure, readFailure, unreachable } from '../http/failure';

/**
 * Fetches a finished export as the signed-in account and hands it to the browser to keep.
 * @throws Failure
 */
export async function download({
  exportNo,
  fileName,
}: {
  exportNo: string;
  fileName: string;
}): Promise<void> {
  const address = new URL(`/api/reconciliation/exports/${exportNo}/file`, window.location.origin);
  const response = await sessionFetch(address).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await readFailure(response);
  const file = await response.blob().catch((error: unknown) => {
    throw asFailure(error);
  });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = fileName;
  link.click();
  // The browser has to have begun before the file may go.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
