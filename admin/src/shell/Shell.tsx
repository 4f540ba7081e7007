import { GlobalOutlined, LogoutOutlined, UserOutlined } from '@ant-design/icons';
import { ProLayout } from '@ant-design/pro-components';
import { useLogout } from '@refinedev/core';
import { Button, Dropdown, Spin } from 'antd';
import { Suspense, useEffect, useState } from 'react';
import { Link, Outlet, useLocation, useNavigate } from 'react-router';
import { ExportsUnderWay } from '../exports/ExportsUnderWay';
import { leave } from '../http/account';
import { onSignedOut } from '../http/client';
import { switchLanguage, useText } from '../i18n';
import { Bell } from '../messages/Bell';
import { visibleMenu } from './menu';
import { useAccount } from './useAccount';
import { useToast } from './useToast';

export function LanguageButton({ text = false }: { text?: boolean }) {
  const { t, language } = useText();
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <Button
      type="text"
      size="small"
      icon={<GlobalOutlined />}
      aria-label={t('language.label')}
      onClick={() => void switchLanguage(other)}
    >
      {text ? t(`language.${other}`) : other === 'en' ? 'EN' : '中'}
    </Button>
  );
}

/** The frame around every screen: the menu of what this account may do, and who is signed in. */
export function Shell() {
  const { t, language } = useText();
  const { account, may } = useAccount();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const { mutate: signOut } = useLogout();
  const toast = useToast();
  const [isCollapsed, setCollapsed] = useState(window.innerWidth < 1200);

  useEffect(
    () =>
      onSignedOut(() => {
        leave();
        toast.warning(t('signIn.ended'));
        navigate('/sign-in', { replace: true });
      }),
    [navigate, t, toast],
  );

  const routes = visibleMenu(may).map((group) => ({
    path: `/-${group.text}`,
    name: t(`menu.${group.text}`),
    icon: group.icon,
    routes: group.items.map((item) => ({ path: item.path, name: t(`menu.${item.text}`) })),
  }));
  const roles = account?.roles
    .map((role) => (language === 'zh' ? role.name : (role.nameEn ?? role.name)))
    .join(' · ');
  return (
    <ExportsUnderWay>
      <ProLayout
        key={`${language}-${account?.username ?? ''}`}
        layout="side"
        title={t('app.short')}
        logo="/favicon.png"
        siderWidth={language === 'zh' ? 176 : 182}
        collapsed={isCollapsed}
        onCollapse={setCollapsed}
        location={{ pathname }}
        route={{ path: '/', routes }}
        menuProps={{ inlineIndent: 10 }}
        menu={{ defaultOpenAll: true, ignoreFlatMenu: true }}
        menuItemRender={(item, dom) => <Link to={item.path ?? '/'}>{dom}</Link>}
        contentStyle={{ padding: 0 }}
        token={{
          sider: {
            colorMenuBackground: '#fff',
            colorTextMenuSelected: '#0958d9',
            colorBgMenuItemSelected: '#e6f0ff',
          },
          pageContainer: { paddingBlockPageContainerContent: 0, paddingInlinePageContainerContent: 0 },
        }}
        avatarProps={{
          icon: <UserOutlined />,
          size: 'small',
          title: account?.displayName || account?.username,
          render: (_, dom) => (
            <Dropdown
              menu={{
                items: [
                  { key: 'who', label: `${account?.username ?? ''} · ${roles ?? ''}`, disabled: true },
                  {
                    key: 'out',
                    icon: <LogoutOutlined />,
                    label: t('signIn.signOut'),
                    onClick: () => signOut(),
                  },
                ],
              }}
              trigger={['click']}
            >
              <button type="button" className="user-button" aria-label={t('signIn.userMenu')}>
                {dom}
              </button>
            </Dropdown>
          ),
        }}
        menuHeaderRender={(logo, title, props) => (
          <>
            <Link to="/">
              {logo}
              {!props?.collapsed && title}
            </Link>
            {!props?.collapsed && <Bell />}
          </>
        )}
        actionsRender={(props) => [
          ...(props.collapsed ? [<Bell key="bell" />] : []),
          <LanguageButton key="language" />,
        ]}
      >
        <Suspense fallback={<Spin className="page" />}>
          <Outlet />
        </Suspense>
      </ProLayout>
    </ExportsUnderWay>
  );
}
