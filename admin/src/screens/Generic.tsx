import { useText } from '../i18n';
import { SchemaList } from '../schema/SchemaList';

/** A content type that needs nothing but its screen: list, detail and, where allowed, form. */
export default function Generic({ type, text }: { type: string; text: string }) {
  const { t } = useText();
  return <SchemaList key={type} type={type} title={t(`menu.${text}`)} />;
}
