import { controller } from '../../../resource';

export default controller('api::order.order');
