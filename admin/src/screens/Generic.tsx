import { SchemaList } from '../schema/SchemaList';

/** A content type that needs nothing but its screen: list, detail and, where allowed, form. */
export default function Generic({ type }: { type: string }) {
  return <SchemaList key={type} type={type} />;
}
