import { controller } from '../../../resource';

export default controller('api::mixed-payment.mixed-payment');
