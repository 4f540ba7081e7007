import { logController } from '../../../resource';

export default logController('abnormal-request');
