import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';
import { RouteTester } from './RouteTester';

/** Which account serves whom, with a question to the rules before patients ask it. */
export default function Routes() {
  const { t } = useText();
  return <SchemaList type="route" title={t('menu.routes')} extra={() => <RouteTester />} />;
}
