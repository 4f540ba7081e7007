import { logController } from '../../../resource';

export default logController('interface-log');
