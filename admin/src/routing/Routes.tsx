import { SchemaList } from '../schema/SchemaList';
import { RouteTester } from './RouteTester';

/** Which account serves whom, with a question to the rules before patients ask it. */
export default function Routes() {
  return <SchemaList type="route" extra={() => <RouteTester />} />;
}
