import { controller } from '../../../resource';

export default controller('api::refund.refund');
