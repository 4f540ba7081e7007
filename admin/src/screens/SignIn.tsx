import { LockOutlined, UserOutlined } from '@ant-design/icons';
import { useLogin } from '@refinedev/core';
import { Button, Flex, Form, Input, Typography } from 'antd';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { failureOf } from '../http/client';
import type { Failure } from '../http/failure';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { LanguageButton } from '../shell/Shell';

interface Credentials {
  username: string;
  password: string;
}

export default function SignIn() {
  const { t } = useText();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const [failure, setFailure] = useState<Failure>();
  const { mutate: signIn, isPending } = useLogin<Credentials>();
  const submit = (values: Credentials) => {
    setFailure(undefined);
    signIn(values, {
      onSuccess: (answer) => {
        if (!answer.success) {
          setFailure(failureOf(answer.error));
          return;
        }
        const to = search.get('to');
        // Only a path of ours: an address from outside must not decide where a signed-in person goes.
        navigate(to?.startsWith('/') && !to.startsWith('//') ? to : '/', { replace: true });
      },
      onError: (error) => setFailure(failureOf(error)),
    });
  };
  return (
    <main className="sign-in">
      <section className="sign-in-card" aria-label={t('signIn.title')}>
        <Flex justify="space-between" align="start">
          <div>
            <Typography.Title level={1} style={{ fontSize: 22, marginBottom: 4 }}>
              {t('app.title')}
            </Typography.Title>
            <Typography.Paragraph type="secondary">{t('app.hospital')}</Typography.Paragraph>
          </div>
          <LanguageButton text />
        </Flex>
        <Form<Credentials> layout="vertical" size="large" onFinish={submit} requiredMark={false}>
          <Form.Item
            name="username"
            label={t('signIn.username')}
            rules={[{ required: true, message: t('signIn.usernameMissing') }]}
          >
            <Input prefix={<UserOutlined />} autoComplete="username" autoFocus />
          </Form.Item>
          <Form.Item
            name="password"
            label={t('signIn.password')}
            rules={[{ required: true, message: t('signIn.passwordMissing') }]}
          >
            <Input.Password prefix={<LockOutlined />} autoComplete="current-password" />
          </Form.Item>
          {failure && <FailureView error={failure} />}
          <Button type="primary" htmlType="submit" block loading={isPending} style={{ marginTop: 16 }}>
            {t('signIn.submit')}
          </Button>
        </Form>
      </section>
    </main>
  );
}
