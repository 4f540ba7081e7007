import { ProConfigProvider } from '@ant-design/pro-components';
import { useNotificationProvider } from '@refinedev/antd';
import { Authenticated, type I18nProvider, type NotificationProvider, Refine } from '@refinedev/core';
import routerProvider from '@refinedev/react-router';
import { App as AntApp, Button, ConfigProvider, Result, Spin } from 'antd';
import enUS from 'antd/es/locale/en_US';
import zhCN from 'antd/es/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import { lazy, type ReactNode, Suspense } from 'react';
import { BrowserRouter, Link, Navigate, Route, Routes } from 'react-router';
import { accessControlProvider, authProvider, homeOf } from './http/account';
import { dataProvider } from './http/dataProvider';
import { queryClient } from './http/queryClient';
import { i18n, type Language, switchLanguage, useText } from './i18n';
import { menu } from './shell/menu';
import { Page } from './shell/Page';
import { Shell } from './shell/Shell';
import { useAccount } from './shell/useAccount';

const SignIn = lazy(() => import('./screens/SignIn'));
const Workbench = lazy(() => import('./screens/Workbench'));
const Cashier = lazy(() => import('./cashier/Cashier'));
const Room = lazy(() => import('./room/Room'));
const Orders = lazy(() => import('./orders/Orders'));
const MixedPayments = lazy(() => import('./mixed/MixedPayments'));
const Discrepancies = lazy(() => import('./reconciliation/Discrepancies'));
const Approvals = lazy(() => import('./reconciliation/handling/Approvals'));
const Locate = lazy(() => import('./reconciliation/Locate'));
const Summary = lazy(() => import('./reconciliation/Summary'));
const Income = lazy(() => import('./reconciliation/Income'));
const Closings = lazy(() => import('./closings/Closings'));
const MyShift = lazy(() => import('./shifts/MyShift'));
const Shifts = lazy(() => import('./shifts/Shifts'));
const Statistics = lazy(() => import('./reconciliation/Statistics'));
const Live = lazy(() => import('./reconciliation/Live'));
const Rules = lazy(() => import('./reconciliation/Rules'));
const Bills = lazy(() => import('./bills/Bills'));
const BankArrivals = lazy(() => import('./bank/BankArrivals'));
const Exports = lazy(() => import('./exports/Exports'));
const Runs = lazy(() => import('./reconciliation/Runs'));
const AbnormalRequests = lazy(() => import('./monitoring/AbnormalRequests'));
const InterfaceLogs = lazy(() => import('./monitoring/InterfaceLogs'));
const Messages = lazy(() => import('./messages/Messages'));
const Targets = lazy(() => import('./messages/Targets'));
const Templates = lazy(() => import('./messages/Templates'));
const AlertRules = lazy(() => import('./alerts/AlertRules'));
const Channels = lazy(() => import('./channels/Channels'));
const ChannelAccounts = lazy(() => import('./accounts/ChannelAccounts'));
const RoutesScreen = lazy(() => import('./routing/Routes'));
const Wall = lazy(() => import('./wall/Wall'));
const Terminals = lazy(() => import('./terminals/Terminals'));
const Generic = lazy(() => import('./screens/Generic'));

const subjectOf = new Map(
  menu.flatMap(({ items }) => items.map(({ path, action, subject }) => [path, { action, subject }])),
);

/** A screen that the account may not see says so, however its address was reached. */
function Allowed({ path, children }: { path: string; children: ReactNode }) {
  const { t } = useText();
  const { account, may } = useAccount();
  if (!account) return <Spin className="page" />;
  const need = subjectOf.get(path);
  if (need && !may(need.action, need.subject)) {
    return (
      <Result
        status="403"
        title={t('common.notAllowed')}
        extra={
          <Link to="/">
            <Button type="primary">{t('common.goHome')}</Button>
          </Link>
        }
      />
    );
  }
  return children;
}

function Home() {
  const { account } = useAccount();
  return account ? <Navigate to={homeOf(account)} replace /> : <Spin className="page" />;
}

function Welcome() {
  const { t } = useText();
  const { account } = useAccount();
  return <Page title={t('app.title')}>{t('common.welcome', { name: account?.displayName ?? '' })}</Page>;
}

function NotFound() {
  const { t } = useText();
  return (
    <Result
      status="404"
      title={t('common.notFound')}
      extra={
        <Link to="/">
          <Button type="primary">{t('common.goHome')}</Button>
        </Link>
      }
    />
  );
}

/** Refine's notices through antd; a refused sign-in is told by the form itself. */
function useNotices(): NotificationProvider {
  const provider = useNotificationProvider();
  return {
    ...provider,
    open: (notice) => {
      if (notice.key !== 'login-error') provider.open(notice);
    },
  };
}

const screens: [path: string, element: ReactNode][] = [
  ['/workbench', <Workbench key="workbench" />],
  ['/cashier', <Cashier key="cashier" />],
  ['/room', <Room key="room" />],
  ['/orders', <Orders key="orders" />],
  ['/mixed-payments', <MixedPayments key="mixed-payments" />],
  ['/discrepancies', <Discrepancies key="discrepancies" />],
  ['/approvals', <Approvals key="approvals" />],
  ['/locate', <Locate key="locate" />],
  ['/summary', <Summary key="summary" />],
  ['/income', <Income key="income" />],
  ['/closings', <Closings key="closings" />],
  ['/my-shift', <MyShift key="my-shift" />],
  ['/shifts', <Shifts key="shifts" />],
  ['/statistics', <Statistics key="statistics" />],
  ['/live', <Live key="live" />],
  ['/reconciliation-rules', <Rules key="rules" />],
  ['/reconciliation-runs', <Runs key="runs" />],
  ['/bill-archives', <Bills key="bills" />],
  ['/bank-arrivals', <BankArrivals key="bank-arrivals" />],
  ['/exports', <Exports key="exports" />],
  ['/abnormal-requests', <AbnormalRequests key="abnormal-requests" />],
  ['/interface-logs', <InterfaceLogs key="interface-logs" />],
  ['/messages', <Messages key="messages" />],
  ['/message-targets', <Targets key="message-targets" />],
  ['/message-templates', <Templates key="message-templates" />],
  ['/alert-rules', <AlertRules key="alert-rules" />],
  ['/channels', <Channels key="channels" />],
  ['/channel-accounts', <ChannelAccounts key="channel-accounts" />],
  ['/routes', <RoutesScreen key="routes" />],
  ['/terminals', <Terminals key="terminals" />],
];
const byHand = new Set(['/wall', ...screens.map(([path]) => path)]);
const generic = menu
  .flatMap(({ items }) => items)
  .filter(({ path }) => !byHand.has(path))
  .map(({ path, subject, text }): [string, ReactNode] => [
    path,
    <Generic key={subject} type={subject} text={text} />,
  ]);

/** Chinese faces by name: a page in English draws its figures in the same face, as wide as the columns are planned. */
const fontFamily =
  "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans', sans-serif";

const isLanguage = (value: string): value is Language => value === 'zh' || value === 'en';

export function App() {
  const { t, language } = useText();
  dayjs.locale(language === 'zh' ? 'zh-cn' : 'en');
  const i18nProvider: I18nProvider = {
    translate: (key: string, options?: unknown, fallback?: string) =>
      String(
        i18n.t(key, {
          ...(typeof options === 'object' ? options : {}),
          ...(fallback ? { defaultValue: fallback } : {}),
        }),
      ),
    changeLocale: (next: string) => (isLanguage(next) ? switchLanguage(next) : Promise.resolve()),
    getLocale: () => language,
  };
  return (
    <ConfigProvider
      locale={language === 'zh' ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
      theme={{
        token: { colorPrimary: '#0958d9', colorLink: '#0958d9', borderRadius: 6, fontFamily },
        components: { Table: { cellPaddingInlineSM: 6, cellPaddingBlockSM: 6 } },
      }}
    >
      <ProConfigProvider hashed={false}>
        <AntApp>
          <BrowserRouter>
            <Refine
              dataProvider={dataProvider}
              authProvider={authProvider}
              accessControlProvider={accessControlProvider}
              i18nProvider={i18nProvider}
              routerProvider={routerProvider}
              notificationProvider={useNotices}
              resources={[...subjectOf].map(([path, { subject }]) => ({
                name: path.slice(1),
                list: path,
                meta: { subject },
              }))}
              options={{
                disableTelemetry: true,
                syncWithLocation: false,
                reactQuery: { clientConfig: queryClient },
                title: { text: t('app.title') },
              }}
            >
              <Suspense fallback={<Spin fullscreen delay={300} />}>
                <Routes>
                  <Route path="/sign-in" element={<SignIn />} />
                  <Route
                    path="/wall"
                    element={
                      <Authenticated
                        key="wall"
                        fallback={<ToSignIn />}
                        loading={<Spin fullscreen delay={300} />}
                      >
                        <Allowed path="/wall">
                          <Wall />
                        </Allowed>
                      </Authenticated>
                    }
                  />
                  <Route
                    element={
                      <Authenticated
                        key="inside"
                        fallback={<ToSignIn />}
                        loading={<Spin fullscreen delay={300} />}
                      >
                        <Shell />
                      </Authenticated>
                    }
                  >
                    <Route index element={<Home />} />
                    <Route path="/welcome" element={<Welcome />} />
                    {[...screens, ...generic].map(([path, element]) => (
                      <Route key={path} path={path} element={<Allowed path={path}>{element}</Allowed>} />
                    ))}
                    <Route path="*" element={<NotFound />} />
                  </Route>
                </Routes>
              </Suspense>
            </Refine>
          </BrowserRouter>
        </AntApp>
      </ProConfigProvider>
    </ConfigProvider>
  );
}

function ToSignIn() {
  const here = `${window.location.pathname}${window.location.search}`;
  return <Navigate to={here === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(here)}`} replace />;
}
