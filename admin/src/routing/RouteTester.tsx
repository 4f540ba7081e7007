import { Alert, Button, Col, Flex, Form, Input, Row as Line, Modal, Select, TimePicker } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { call } from '../http/client';
import { type RoutingView, routingView } from '../http/contracts';
import { useText } from '../i18n';
import { currencySign, parseYuan } from '../money';
import { useScreen } from '../schema/useScreen';
import { FailureView } from '../shell/FailureView';
import { useChannels, useMerchants, useTerminals } from '../shell/references';
import { atWallClock } from '../time';
import { isTaken, RoutingTable } from './RoutingTable';

interface Question {
  merchantCode: string;
  scene: string;
  amount: string;
  channel?: string;
  authCode?: string;
  terminalCode?: string;
  department?: string;
  time?: Dayjs | null;
}

/** Where would this order go? Asked of the routes as they are, without making one. */
export function RouteTester() {
  const { t } = useText();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('routing.tester')}</Button>
      {isOpen && <Tester onClose={() => setOpen(false)} />}
    </>
  );
}

function Tester({ onClose }: { onClose: () => void }) {
  const { t, pick } = useText();
  const { choices: merchants, currencyOf } = useMerchants();
  const { channels } = useChannels();
  const [form] = Form.useForm<Question>();
  const merchantCode = Form.useWatch('merchantCode', form);
  const currency = currencyOf(merchantCode);
  const scene = Form.useWatch('scene', form);
  const terminals = useTerminals().filter(({ row }) => row.merchantCode === merchantCode);
  const { data: screen } = useScreen('route');
  const scenes = screen?.fields.find(({ name }) => name === 'scene')?.options ?? [];
  const [routing, setRouting] = useState<RoutingView>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);

  const ask = async ({ amount, time, ...question }: Question) => {
    const reading = parseYuan(amount, undefined, currency);
    if (!reading.ok) return;
    setBusy(true);
    setFailure(undefined);
    const given = Object.fromEntries(Object.entries(question).filter(([, value]) => value));
    const body = { ...given, amountFen: reading.fen, ...(time ? { at: atWallClock(time) } : {}) };
    try {
      setRouting(await call('/payments/routes/explain', routingView, { method: 'POST', body }));
    } catch (error) {
      setRouting(undefined);
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const required = (field: string) => [{ required: true, message: t('common.required', { field }) }];
  return (
    <Modal open width={860} title={t('routing.tester')} footer={null} onCancel={onClose} destroyOnHidden>
      <p className="quiet">{t('routing.explain')}</p>
      <Form<Question>
        form={form}
        layout="vertical"
        initialValues={{ merchantCode: merchants[0]?.value, scene: 'micropay', amount: '100' }}
        onFinish={(question) => void ask(question)}
      >
        <Line gutter={12}>
          <Col span={8}>
            <Form.Item
              name="merchantCode"
              label={t('routing.merchant')}
              rules={required(t('routing.merchant'))}
            >
              <Select showSearch optionFilterProp="label" options={merchants} />
            </Form.Item>
          </Col>
          <Col span={8}>
            <Form.Item name="scene" label={t('routing.scene')} rules={required(t('routing.scene'))}>
              <Select options={scenes.map((option) => ({ value: option.value, label: pick(option) }))} />
            </Form.Item>
          </Col>
          <Col span={8}>
            <Form.Item
              name="amount"
              label={t('routing.amount')}
              rules={[
                {
                  validator: (_, value: string) =>
                    parseYuan(value ?? '', undefined, currency).ok
                      ? Promise.resolve()
                      : Promise.reject(new Error(t('common.invalid'))),
                },
              ]}
            >
              <Input prefix={currencySign(currency)} inputMode="decimal" />
            </Form.Item>
          </Col>
          {scene === 'micropay' ? (
            <Col span={8}>
              <Form.Item
                name="authCode"
                label={t('routing.authCode')}
                rules={required(t('routing.authCode'))}
              >
                <Input autoComplete="off" maxLength={64} />
              </Form.Item>
            </Col>
          ) : (
            <Col span={8}>
              <Form.Item name="channel" label={t('routing.channel')}>
                <Select
                  allowClear
                  placeholder={t('routing.any')}
                  options={channels.map(({ code, title }) => ({ value: code, label: pick(title) }))}
                />
              </Form.Item>
            </Col>
          )}
          <Col span={8}>
            <Form.Item name="terminalCode" label={t('routing.terminal')}>
              <Select allowClear showSearch optionFilterProp="label" options={terminals} />
            </Form.Item>
          </Col>
          <Col span={4}>
            <Form.Item name="department" label={t('routing.department')}>
              <Input maxLength={64} />
            </Form.Item>
          </Col>
          <Col span={4}>
            <Form.Item name="time" label={t('routing.time')}>
              <TimePicker format="HH:mm" placeholder={t('routing.now')} style={{ width: '100%' }} />
            </Form.Item>
          </Col>
        </Line>
        <Button type="primary" htmlType="submit" loading={isBusy}>
          {t('routing.ask')}
        </Button>
      </Form>
      <Flex vertical gap={12} style={{ marginTop: 16 }}>
        {failure !== undefined && <FailureView error={failure} />}
        {routing && !routing.routes.some(({ verdict }) => isTaken(verdict)) && (
          <Alert type="warning" showIcon message={t('routing.refused')} />
        )}
        {routing && <RoutingTable routing={routing} />}
      </Flex>
    </Modal>
  );
}
