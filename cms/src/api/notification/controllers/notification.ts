import { controller } from '../../../resource';

export default controller('api::notification.notification');
