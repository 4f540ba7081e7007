import { controller } from '../../../resource';

export default controller('api::delivery.delivery');
