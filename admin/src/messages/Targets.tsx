import { useQuery } from '@tanstack/react-query';
import { Button, Col, Divider, Flex, Form, Input, Row as Line, Select, Skeleton, Switch } from 'antd';
import { useState } from 'react';
import { type ConfigValues, defaultsOf, isLong, shownFields, toConfig } from '../accounts/configForm';
import { Parameter } from '../accounts/Parameter';
import { call } from '../http/client';
import { anything } from '../http/contracts';
import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { FailureView } from '../shell/FailureView';
import { useToast } from '../shell/useToast';
import { type Target, target, targetKinds, targetTest } from './contracts';

/** 通知渠道: ways messages leave the house. */
export default function Targets() {
  const { t } = useText();
  return (
    <SchemaList
      type="message-target"
      title={t('menu.messageTargets')}
      keyField="code"
      viewable={false}
      actionsWidth={150}
      rowActions={(row, { screen, reload }) =>
        screen.can.update === true ? <TestLink code={String(row.code)} reload={reload} /> : null
      }
      form={(code, { done }) => <TargetForm key={code ?? 'new'} code={code} onDone={done} />}
    />
  );
}

function TestLink({ code, reload }: { code: string; reload: () => void }) {
  const { t } = useText();
  const toast = useToast();
  const [isBusy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    try {
      const path = `/monitoring/targets/${encodeURIComponent(code)}/test`;
      const result = await call(path, targetTest, { method: 'POST', body: {} });
      if (result.ok) toast.success(t('messages.testSent', { ms: result.durationMs }));
      else toast.warning(`${t(`messages.outcome.${result.outcome}`)}: ${result.error ?? ''}`);
      reload();
    } catch (error) {
      toast.failure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button type="link" size="small" className="cell-link" loading={isBusy} onClick={() => void test()}>
      {t('messages.test')}
    </Button>
  );
}

function TargetForm({ code, onDone }: { code: string | undefined; onDone: () => void }) {
  const kinds = useQuery({
    queryKey: ['target-kinds'],
    queryFn: () => call('/monitoring/target-kinds', targetKinds),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const stored = useQuery({
    queryKey: ['message-target', code],
    queryFn: () => call(`/monitoring/targets/${encodeURIComponent(code ?? '')}`, target),
    enabled: code !== undefined,
    gcTime: 0,
  });
  const error = kinds.error ?? stored.error;
  if (error) return <FailureView error={error} />;
  if (!kinds.data || (code !== undefined && !stored.data)) return <Skeleton active />;
  return <Inputs kinds={kinds.data.kinds} stored={stored.data} onDone={onDone} />;
}

type Kinds = ReturnType<typeof targetKinds.parse>['kinds'];
type Values = Pick<Target, 'code' | 'name' | 'kind' | 'language' | 'enabled'> & { config?: ConfigValues };

function Inputs({ kinds, stored, onDone }: { kinds: Kinds; stored: Target | undefined; onDone: () => void }) {
  const { t, pick } = useText();
  const toast = useToast();
  const [form] = Form.useForm<Values>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const kindCode = Form.useWatch('kind', form) ?? stored?.kind;
  const typed = Form.useWatch('config', form) ?? {};
  const kind = kinds.find(({ code }) => code === kindCode);
  const values: ConfigValues = { ...(kind ? defaultsOf(kind.config) : {}), ...stored?.config, ...typed };

  const submit = async ({ code, ...input }: Values) => {
    if (!kind) return;
    setBusy(true);
    setFailure(undefined);
    const body = { ...input, config: toConfig(kind.config, { ...values, ...input.config }) };
    try {
      await (stored
        ? call(`/monitoring/targets/${encodeURIComponent(stored.code)}`, anything, { method: 'PUT', body })
        : call('/monitoring/targets', anything, { method: 'POST', body: { code, ...body } }));
      toast.success(t('common.saved'));
      onDone();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const required = (label: string) => [{ required: true, message: t('common.required', { field: label }) }];
  return (
    <Form<Values>
      form={form}
      layout="vertical"
      disabled={isBusy}
      initialValues={stored ?? { enabled: true, language: 'zh' }}
      onFinish={(input) => void submit(input)}
    >
      <Line gutter={16}>
        <Col span={12}>
          <Form.Item
            name="code"
            label={t('messages.code')}
            rules={[
              ...required(t('messages.code')),
              { pattern: /^[a-z0-9][a-z0-9-]{1,31}$/, message: t('accounts.codeRule') },
            ]}
          >
            <Input disabled={stored !== undefined} autoComplete="off" />
          </Form.Item>
        </Col>
        <Col span={12}>
          <Form.Item name="name" label={t('messages.name')} rules={required(t('messages.name'))}>
            <Input maxLength={64} autoComplete="off" />
          </Form.Item>
        </Col>
        <Col span={12}>
          <Form.Item name="kind" label={t('messages.kind')} rules={required(t('messages.kind'))}>
            <Select
              disabled={stored !== undefined}
              placeholder={t('common.choose')}
              options={kinds.map(({ code, title }) => ({ value: code, label: pick(title) }))}
              onChange={(chosen: string) => {
                const next = kinds.find(({ code }) => code === chosen);
                form.setFieldValue('config', next ? defaultsOf(next.config) : {});
              }}
            />
          </Form.Item>
        </Col>
        <Col span={6}>
          <Form.Item name="language" label={t('messages.language')}>
            <Select
              options={[
                { value: 'zh', label: t('language.zh') },
                { value: 'en', label: t('language.en') },
              ]}
            />
          </Form.Item>
        </Col>
        <Col span={6}>
          <Form.Item name="enabled" label={t('messages.enabled')} valuePropName="checked">
            <Switch />
          </Form.Item>
        </Col>
      </Line>
      {kind && (
        <>
          <Divider orientation="left" plain>
            {t('messages.parameters')}
          </Divider>
          <Line gutter={16}>
            {shownFields(kind.config, values).map(([name, field]) => (
              <Col
                key={`${kind.code}-${name}`}
                span={isLong(field) || (field.maxLength ?? 0) > 200 ? 24 : 12}
              >
                <Parameter
                  name={name}
                  field={field}
                  isRequired={kind.config.required.includes(name)}
                  isSet={stored?.secretsSet[name] === true}
                />
              </Col>
            ))}
          </Line>
        </>
      )}
      {failure !== undefined && <FailureView error={failure} />}
      <Flex gap={8} className="form-actions">
        <Button type="primary" htmlType="submit" loading={isBusy} disabled={!kind}>
          {t('common.save')}
        </Button>
        <Button onClick={onDone} disabled={false}>
          {t('common.cancel')}
        </Button>
      </Flex>
    </Form>
  );
}
