import { AutoComplete, Descriptions, type DescriptionsProps, Form, Modal } from 'antd';
import { type ReactNode, useState } from 'react';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';

interface Props<Values extends { reason: string }> {
  title: string;
  /** Of what, and how much at the most. */
  facts: DescriptionsProps['items'];
  hint?: string | undefined;
  initial: Values;
  isOff?: boolean;
  /** What was asked before is sent again as it was. */
  isLocked?: boolean;
  send: (values: Values) => Promise<void>;
  onClose: () => void;
  onDone: () => void;
  /** What is asked besides the reason. */
  children?: (submit: () => void) => ReactNode;
}

/** Gives money back, for a reason: one request at a time; what went wrong stays in sight. */
export function RefundDialog<Values extends { reason: string }>(props: Props<Values>) {
  const { t } = useText();
  const [form] = Form.useForm<Values>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (values: Values) => {
    if (isBusy) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await props.send({ ...values, reason: values.reason.trim() });
      props.onDone();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={props.title}
      okText={t('orders.refundSubmit')}
      cancelText={t('common.cancel')}
      okButtonProps={{ danger: true, disabled: props.isOff ?? false }}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      // Nobody knows what a failed request has done: what is behind the dialog is asked for anew.
      onCancel={failure === undefined ? props.onClose : props.onDone}
      cancelButtonProps={{ disabled: isBusy }}
      closable={!isBusy}
      keyboard={!isBusy}
      maskClosable={false}
    >
      <Descriptions size="small" column={1} items={props.facts ?? []} />
      {props.hint && <p className="quiet">{props.hint}</p>}
      <Form<Values>
        form={form}
        layout="vertical"
        onFinish={(values) => void submit(values)}
        initialValues={props.initial}
      >
        {props.children?.(() => form.submit())}
        <Form.Item
          name="reason"
          label={t('orders.refundReason')}
          rules={[{ required: true, whitespace: true, message: t('orders.reasonMissing') }]}
        >
          <AutoComplete
            disabled={props.isLocked ?? false}
            maxLength={80}
            // Nothing is offered to who has said it, or says something else: the list would lie over the buttons.
            filterOption={(typed, option) =>
              option?.value !== typed && option?.value.includes(typed) === true
            }
            options={['patient', 'duplicate', 'hisFailed', 'wrongAmount', 'other'].map((reason) => ({
              value: t(`orders.reasons.${reason}`),
            }))}
          />
        </Form.Item>
      </Form>
      {failure !== undefined && <FailureView error={failure} />}
    </Modal>
  );
}
