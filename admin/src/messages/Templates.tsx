import { Button, Card, Modal } from 'antd';
import { useState } from 'react';
import type { z } from 'zod';
import { call } from '../http/client';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaForm } from '../schema/SchemaForm';
import { SchemaList } from '../schema/SchemaList';
import { useToast } from '../shell/useToast';
import { preview } from './contracts';

/** 消息模板: in which words an alarm is told; seen as it will be before it is saved. */
export default function Templates() {
  const { t } = useText();
  return (
    <SchemaList
      type="message-template"
      title={t('menu.messageTemplates')}
      form={(id, { screen, row, done }) => (
        <SchemaForm
          key={id ?? 'new'}
          screen={screen}
          id={id}
          row={row}
          onDone={done}
          tools={(read) => <Preview read={read} />}
        />
      )}
    />
  );
}

function Preview({ read }: { read: () => Promise<Row> }) {
  const { t } = useText();
  const toast = useToast();
  const [shown, setShown] = useState<z.infer<typeof preview>[]>();
  const show = async () => {
    const template = await read().catch(() => undefined);
    if (!template) return;
    try {
      const ask = (language: 'zh' | 'en') =>
        call('/monitoring/templates/preview', preview, { method: 'POST', body: { template, language } });
      setShown([await ask('zh'), await ask('en')]);
    } catch (error) {
      toast.failure(error);
    }
  };
  return (
    <>
      <Button onClick={() => void show()}>{t('messages.preview')}</Button>
      <Modal
        open={shown !== undefined}
        title={t('messages.preview')}
        footer={null}
        onCancel={() => setShown(undefined)}
      >
        {shown?.map(({ title, text }) => (
          <Card key={title} size="small" title={title} style={{ marginTop: 12 }}>
            <pre className="code">{text}</pre>
          </Card>
        ))}
      </Modal>
    </>
  );
}
