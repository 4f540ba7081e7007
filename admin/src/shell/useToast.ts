import { App } from 'antd';
import { useMemo } from 'react';
import { failureOf } from '../http/client';
import { useText } from '../i18n';

/** Short messages; a failure always shows its code. */
export function useToast() {
  const { message } = App.useApp();
  const { pick } = useText();
  return useMemo(
    () => ({
      success: (text: string) => void message.success(text),
      info: (text: string) => void message.info(text),
      warning: (text: string) => void message.warning(text, 6),
      failure: (error: unknown) => {
        const failure = failureOf(error);
        void message.error(`${pick(failure)} [${failure.code}]`, 6);
      },
    }),
    [message, pick],
  );
}
