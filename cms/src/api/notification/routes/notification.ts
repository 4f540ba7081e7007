import { readOnly } from '../../../resource';

export default readOnly('api::notification.notification');
