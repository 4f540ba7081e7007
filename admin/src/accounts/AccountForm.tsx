import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Col, Divider, Flex, Form, Input, Row as Line, Select, Skeleton, Space, Switch } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { anything, type ChannelAccount, channelAccount } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { useChannels, useMerchants } from '../shell/references';
import { useAccount } from '../shell/useAccount';
import { useToast } from '../shell/useToast';
import { type ConfigValues, defaultsOf, isLong, shownFields, toConfig } from './configForm';
import { Parameter } from './Parameter';
import { TestButton } from './TestButton';

/** A merchant's credentials at a channel. The parameters are the channel's own to say; secrets go in and never come out. */
export function AccountForm({ code, onDone }: { code: string | undefined; onDone: () => void }) {
  const stored = useQuery({
    queryKey: ['channel-account', code],
    queryFn: () => call(`/payments/accounts/${encodeURIComponent(code ?? '')}`, channelAccount),
    enabled: code !== undefined,
    gcTime: 0,
  });
  if (stored.error) return <FailureView error={stored.error} onRetry={() => void stored.refetch()} />;
  if (code !== undefined && !stored.data) return <Skeleton active />;
  return <Inputs stored={stored.data} onDone={onDone} />;
}

interface Values {
  code: string;
  name: string;
  channel: string;
  merchantCode: string;
  enabled: boolean;
  config?: ConfigValues;
}

function Inputs({ stored, onDone }: { stored: ChannelAccount | undefined; onDone: () => void }) {
  const { t, pick } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const { may } = useAccount();
  const { channels, error: channelsError, refetch } = useChannels();
  const { choices: merchants } = useMerchants();
  const [form] = Form.useForm<Values>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const channelCode = Form.useWatch('channel', form) ?? stored?.channel;
  const typed = Form.useWatch('config', form) ?? {};
  const channel = channels.find((candidate) => candidate.code === channelCode);
  const values: ConfigValues = {
    ...(channel ? defaultsOf(channel.config) : {}),
    ...stored?.config,
    ...typed,
  };
  const mayChange = stored ? may('update', 'channel-account') : may('create', 'channel-account');

  const startOver = (chosen: string) => {
    const next = channels.find(({ code }) => code === chosen);
    form.setFieldValue('config', next ? defaultsOf(next.config) : {});
  };

  const submit = async (input: Values) => {
    if (!channel) return;
    setBusy(true);
    setFailure(undefined);
    const { code, ...rest } = input;
    const body = { ...rest, config: toConfig(channel.config, { ...values, ...input.config }) };
    try {
      await (stored
        ? call(`/payments/accounts/${encodeURIComponent(stored.code)}`, anything, { method: 'PUT', body })
        : call('/payments/accounts', anything, { method: 'POST', body: { code, ...body } }));
      toast.success(t('common.saved'));
      await client.invalidateQueries({ queryKey: ['reference', 'channel-account'] });
      onDone();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };

  const required = (label: string) => ({ required: true, message: t('common.required', { field: label }) });
  return (
    <Form<Values>
      form={form}
      layout="vertical"
      disabled={isBusy || !mayChange}
      initialValues={{
        enabled: true,
        ...(stored ? { ...stored, config: stored.config } : {}),
      }}
      onFinish={(input) => void submit(input)}
    >
      <Line gutter={16}>
        <Col span={12}>
          <Form.Item
            name="code"
            label={t('accounts.code')}
            rules={[
              required(t('accounts.code')),
              { pattern: /^[a-z0-9][a-z0-9-]{1,31}$/, message: t('accounts.codeRule') },
            ]}
          >
            <Input disabled={stored !== undefined} autoComplete="off" />
          </Form.Item>
        </Col>
        <Col span={12}>
          <Form.Item name="name" label={t('accounts.name')} rules={[required(t('accounts.name'))]}>
            <Input maxLength={64} autoComplete="off" />
          </Form.Item>
        </Col>
        <Col span={12}>
          <Form.Item name="channel" label={t('accounts.channel')} rules={[required(t('accounts.channel'))]}>
            <Select
              disabled={stored !== undefined}
              placeholder={t('common.choose')}
              options={channels.map(({ code, title }) => ({ value: code, label: pick(title) }))}
              // Channels have fields of one name: a gateway's address must not go over to another channel.
              onChange={startOver}
            />
          </Form.Item>
        </Col>
        <Col span={12}>
          <Form.Item
            name="merchantCode"
            label={t('accounts.merchant')}
            rules={[required(t('accounts.merchant'))]}
          >
            <Select
              disabled={stored !== undefined}
              showSearch
              optionFilterProp="label"
              placeholder={t('common.choose')}
              options={merchants.map(({ value, label }) => ({ value, label }))}
            />
          </Form.Item>
        </Col>
        <Col span={12}>
          <Form.Item name="enabled" label={t('accounts.enabled')} valuePropName="checked">
            <Switch />
          </Form.Item>
        </Col>
      </Line>
      <Divider orientation="left" plain>
        {t('accounts.parameters')}
      </Divider>
      {channelsError && <FailureView error={channelsError} onRetry={() => void refetch()} />}
      {!channel && !channelsError && <span className="quiet">{t('accounts.chooseChannel')}</span>}
      {channel && (
        <Line gutter={16}>
          {shownFields(channel.config, values).map(([name, field]) => (
            <Col key={`${channel.code}-${name}`} span={isLong(field) ? 24 : 12}>
              <Parameter
                name={name}
                field={field}
                isRequired={channel.config.required.includes(name)}
                isSet={stored?.secretsSet[name] === true}
              />
            </Col>
          ))}
        </Line>
      )}
      {failure !== undefined && <FailureView error={failure} />}
      <Flex justify="space-between" align="start" className="form-actions">
        <Space>
          {mayChange && (
            <Button type="primary" htmlType="submit" loading={isBusy} disabled={!channel}>
              {t('common.save')}
            </Button>
          )}
          <Button onClick={onDone} disabled={false}>
            {t('common.cancel')}
          </Button>
        </Space>
        {stored && may('test', 'channel-account') && <TestButton code={stored.code} />}
      </Flex>
    </Form>
  );
}
